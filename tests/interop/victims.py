"""Real clients that believe they talk implicit TLS. All of them trust the certificate."""

import socket
import subprocess
import sys

from wire import client_hello, split_records


class victim:
    def __init__(self, name, sends_alpn, argv, env=None):
        self.name = name
        self.sends_alpn = sends_alpn
        self.argv = argv
        self.env = env or (lambda trusted: {})

    def run(self, lab, port, host="localhost"):
        """Asks for /cat.html. Writes the body of the answer on stdout; ends with 0 only when it got one."""
        url = f"https://{host}:{port}/cat.html"
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
    """Node's fetch() sends ALPN or not by its version: Debian 12 brings an old one that does not. Its own ClientHello
    tells. Where Node is missing, the cases that need it say so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        try:
            node = subprocess.Popen(["node", "-e", node_fetch_program, url], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except OSError:
            return True
        try:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(20)
                hello = b""
                while not split_records(hello)[0]:
                    data = connection.recv(65536)
                    if not data:
                        return True
                    hello += data
            return client_hello(hello).alpn is not None
        except OSError:
            return True
        finally:
            node.kill()
            node.wait()


curl = victim("curl", True, lambda url, ca: ["curl", "-q", "-sS", "--max-time", "10", "--cacert", ca, url])
curl_without_alpn = victim("curl --no-alpn", False, lambda url, ca: [
    "curl", "-q", "-sS", "--no-alpn", "--max-time", "10", "--cacert", ca, url])
python_http_client = victim("Python http.client", True, lambda url, ca: [sys.executable, "-c", python_program, url],
                            lambda ca: {"SSL_CERT_FILE": ca})
node_fetch = victim("Node fetch()", node_fetch_sends_alpn(), lambda url, ca: [
    "node", "-e", node_fetch_program, url], node_trust)
node_https = victim("Node https.get()", False, lambda url, ca: ["node", "-e", node_https_program, url], node_trust)
wget = victim("wget", False, lambda url, ca: [
    "wget", "--no-config", "--no-hsts", "--tries=1", "--timeout=10", "-O", "-", f"--ca-certificate={ca}", url])

everyone = [curl, python_http_client, node_fetch, wget, curl_without_alpn, node_https]
with_alpn = [each for each in everyone if each.sends_alpn]
without_alpn = [each for each in everyone if not each.sends_alpn]
