"""Real clients that believe they talk implicit TLS. All of them trust the certificate."""

import subprocess
import sys


class victim:
    def __init__(self, name, sends_alpn, argv, env=None):
        self.name = name
        self.sends_alpn = sends_alpn
        self.argv = argv
        self.env = env or (lambda trusted: {})

    def run(self, lab, port):
        """Asks for /cat.html. Writes the body of the answer on stdout; ends with 0 only when it got one."""
        url = f"https://localhost:{port}/cat.html"
        return lab.run(self.argv(url, lab.certificate.file), env=self.env(lab.certificate.file))


python_program = """
import http.client, sys, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=10)
connection.request("GET", url.path)
sys.stdout.write(connection.getresponse().read().decode())
"""

node_fetch_program = """
fetch(process.argv[1]).then(r => r.text()).then(t => process.stdout.write(t))
    .catch(e => { console.error(e, e.cause); process.exitCode = 1; });
"""

node_https_program = """
require('https').get(process.argv[1], r => { r.setEncoding('utf8'); r.on('data', t => process.stdout.write(t)); })
    .on('error', e => { console.error(e); process.exitCode = 1; });
"""


def node_trust(trusted):
    return {"NODE_EXTRA_CA_CERTS": trusted}


def node_fetch_sends_alpn():
    """Node's fetch() is undici's, which sends ALPN since 5.23. Debian 12 brings an older one."""
    try:
        version = subprocess.run(["node", "-p", "process.versions.undici"], capture_output=True, text=True, timeout=10)
        return tuple(int(part) for part in version.stdout.strip().split(".")[:2]) >= (5, 23)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return True  # the cases that need it will say that Node is missing


curl = victim("curl", True, lambda url, ca: ["curl", "-q", "-sS", "--max-time", "10", "--cacert", ca, url])
curl_without_alpn = victim("curl --no-alpn", False, lambda url, ca: [
    "curl", "-q", "-sS", "--no-alpn", "--max-time", "10", "--cacert", ca, url])
python_http_client = victim("Python http.client", True, lambda url, ca: [sys.executable, "-c", python_program, url],
                            lambda ca: {"SSL_CERT_FILE": ca})
node_fetch = victim("Node fetch()", node_fetch_sends_alpn(), lambda url, ca: ["node", "-e", node_fetch_program, url], node_trust)
node_https = victim("Node https.get()", False, lambda url, ca: ["node", "-e", node_https_program, url], node_trust)
wget = victim("wget", False, lambda url, ca: [
    "wget", "--no-config", "--no-hsts", "--tries=1", "--timeout=10", "-O", "-", f"--ca-certificate={ca}", url])

everyone = [curl, python_http_client, node_fetch, wget, curl_without_alpn, node_https]
with_alpn = [each for each in everyone if each.sends_alpn]
without_alpn = [each for each in everyone if not each.sends_alpn]
