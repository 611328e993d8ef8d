"""CONNECT proxies: the one under test, and the real ones. A server of HTTPS to reach through them."""

import base64
import json
import os
import re
import time

import expected
from lab import check, check_equal, deadline_seconds, failure
from peers import check_exit, held_port
from wire import message, reader

page = "a page behind a tunnel\n" * 1000


class connect_proxy:
    """The proxy under test, listening. It logs in JSON."""

    def __init__(self, lab, *options, ports=(443,), addresses=("127.0.0.0/8", "::1"), half_close="close", name="proxy",
                 namespace=None):
        argv = [os.path.join(lab.programs, "proxy"), "--listen", "127.0.0.1:0", "--log", "json"]
        for port in ports:
            argv += ["--allow-port", port]
        for address in addresses:  # the servers of the cases are on loopback
            argv += ["--allow-address", address]
        argv += ["--half-close", half_close]
        if "--stop-seconds" not in options:
            argv += ["--stop-seconds", "2"]
        self.name = name
        self.process = lab.start(argv + list(options), namespace=namespace)
        lab.gateways.append(self)
        self.port = int(self.process.wait_for(expected.listening)[1])
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"

    def log(self):
        """The lines of the access log, in order."""
        whole, _, _ = self.process.err.rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines() if line.startswith(b"{")]

    def wait_for_log(self, count=1, seconds=deadline_seconds):
        """The log, once it has that many lines."""
        with self.process.changed:
            self.process.changed.wait_for(lambda: len(self.log()) >= count or not self.process.open_outputs, seconds)
        found = self.log()
        check(len(found) >= count, f"{self.name}: expected {count} lines in its log, saw {len(found)}: {found}")
        return found


class names_from_files:
    """A place where names come from /etc/hosts alone, so that no question leaves the machine."""

    def __init__(self, lab):
        self.nsswitch = lab.file("nsswitch.conf", "hosts: files\n")

    def prefix(self):
        """What to put before a command to run it there."""
        return ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/nsswitch.conf && exec "$@"', self.nsswitch]


def own_place(lab, owner, address="127.0.0.1"):
    """A folder and a port that nobody else has."""
    port = held_port(lab, address)
    folder = os.path.join(lab.folder, f"{owner}-{port}")
    os.mkdir(folder)
    os.chmod(folder, 0o755)
    return folder, port


def password_file(lab, folder, auth):
    """A password file that Apache and squid read."""
    user, _, password = auth.partition(":")
    done = lab.run(["openssl", "passwd", "-apr1", password])
    check_equal(done.status, 0, "exit status of openssl passwd")
    return lab.file(os.path.join(folder, "passwords"), f"{user}:{done.out.decode().strip()}\n")


class real_proxy:
    """One that others wrote. It passes on any http request, and allows CONNECT to the ports, in both cases to who
    knows `auth` where that is USER:PASSWORD.

    Each names the statuses that it answers with:
    port_denied, upstream_refused, name_unresolved, wrong_credentials (None where it asks for none).
    Most of them remove the Upgrade of a 426.
    """

    keeps_upgrade_of_426 = False

    def __init__(self, lab, *ports, auth=None, namespace=None):
        self.folder, self.port = own_place(lab, self.name)
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"
        self.process = lab.start(self.command(lab, " ".join(map(str, ports)), auth), namespace=namespace)
        lab.wait_for_port(self.port, self.process)

    def file(self, lab, name, content):
        return lab.file(os.path.join(self.folder, name), content)


class tinyproxy(real_proxy):
    name = "tinyproxy"
    port_denied, upstream_refused, name_unresolved, wrong_credentials = 403, 500, 500, 401

    def command(self, lab, ports, auth):
        lines = ["Listen 127.0.0.1", f"Port {self.port}", "Timeout 20", "MaxClients 50", "LogLevel Connect"]
        lines += [f"ConnectPort {port}" for port in ports.split()]
        lines += [f"BasicAuth {auth.replace(':', ' ')}"] if auth else []
        return ["tinyproxy", "-d", "-c", self.file(lab, "tinyproxy.conf", "\n".join(lines) + "\n")]


class squid(real_proxy):
    name = "squid"
    port_denied, upstream_refused, name_unresolved, wrong_credentials = 403, 503, 500, 407

    def command(self, lab, ports, auth):
        passwords = f"""
auth_param basic program /usr/lib/squid/basic_ncsa_auth {password_file(lab, self.folder, auth)}
auth_param basic children 1
auth_param basic realm squid
acl known proxy_auth REQUIRED
http_access deny !known
""" if auth else ""
        settings = self.file(lab, "squid.conf", f"""
http_port {self.address}
visible_hostname localhost
acl allowed port {ports}
http_access deny CONNECT !allowed
{passwords}
http_access allow all
cache deny all
access_log none
cache_log /dev/null
coredump_dir {self.folder}
pid_filename none
pinger_enable off
shutdown_lifetime 0 seconds
dns_nameservers 127.0.0.1
dns_retransmit_interval 1 second
dns_timeout 1 second
""")
        # All squids of a machine name their shared memory alike: this one gets a /dev/shm of its own.
        apart = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /dev/shm && exec "$@"', "sh"]
        return apart + ["squid", "-N", "-d", "1", "-f", settings]


class privoxy(real_proxy):
    name = "privoxy"
    keeps_upgrade_of_426 = True
    port_denied, upstream_refused, name_unresolved, wrong_credentials = 403, 503, 404, None

    def command(self, lab, ports, auth):
        check(not auth, "privoxy asks for no credentials")
        self.file(lab, "limits.action", f"{{+limit-connect{{{ports.replace(' ', ',')}}}}}\n/\n")
        settings = self.file(lab, "config", f"""
confdir {self.folder}
logdir {self.folder}
templdir /etc/privoxy/templates
actionsfile limits.action
listen-address {self.address}
toggle 1
debug 1
debug 4096
debug 8192
""")
        return ["privoxy", "--no-daemon", settings]


def apache_settings(folder, modules):
    """What every Apache here begins with."""
    modules = ["mpm_event", "authz_core"] + modules
    loaded = "\n".join(f"LoadModule {name}_module modules/mod_{name}.so" for name in modules)
    return f"""
ServerRoot /usr/lib/apache2
DefaultRuntimeDir {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
ServerName localhost
User www-data
Group www-data
{loaded}
StartServers 1
ThreadsPerChild 16
MinSpareThreads 1
MaxSpareThreads 16
MaxRequestWorkers 16
"""


class apache(real_proxy):
    name = "apache"
    port_denied, upstream_refused, name_unresolved, wrong_credentials = 403, 503, 502, 407

    def command(self, lab, ports, auth):
        modules = ["proxy", "proxy_connect", "proxy_http"]
        rule = "Require all granted"
        if auth:
            modules += ["authn_core", "authn_file", "auth_basic", "authz_user"]
            rule = (f'AuthType Basic\nAuthName "apache"\nAuthUserFile {password_file(lab, self.folder, auth)}\n'
                    "Require valid-user")
        settings = self.file(lab, "apache.conf", apache_settings(self.folder, modules) + f"""
Listen {self.address}
ProxyRequests On
AllowCONNECT {ports}
<Proxy "*">
{rule}
</Proxy>
""")
        lab.reports.append(lambda: f"--- log of apache, a proxy\n{lab.read(self.folder + '/error.log')}")
        return ["apache2", "-D", "FOREGROUND", "-f", settings]


real_proxies = [tinyproxy, squid, privoxy, apache]
with_auth = [each for each in real_proxies if each.wrong_credentials]


class apache_origin:
    """Apache as a server of HTTPS with the certificate of the lab. It serves /page.txt and what is added."""

    def __init__(self, lab, address="127.0.0.1"):
        self.lab = lab
        self.folder, self.port = own_place(lab, "origin", address)
        self.add("page.txt", page)
        self.target = f"{'[::1]' if address == '::1' else 'localhost'}:{self.port}"
        self.url = f"https://{self.target}"
        settings = lab.file(os.path.join(self.folder, "apache.conf"), apache_settings(self.folder, ["ssl"]) + f"""
Listen {'[::1]' if address == '::1' else address}:{self.port}
DocumentRoot {self.folder}/site
SSLEngine on
SSLCertificateFile {lab.certificate.file}
SSLCertificateKeyFile {lab.certificate.key}
SSLSessionCache none
LogFormat "%r | %>s | proxy-authorization %{{Proxy-Authorization}}i"
TransferLog {self.folder}/access.log
<Directory {self.folder}/site>
Require all granted
</Directory>
""")
        self.process = lab.start(["apache2", "-D", "FOREGROUND", "-f", settings])
        lab.reports.append(lambda: f"--- logs of the origin\n{self.requests()}{lab.read(self.folder + '/error.log')}")
        lab.wait_for_port(self.port, self.process, address)

    def add(self, name, content):
        self.lab.file(os.path.join(self.folder, "site", name), content)

    def requests(self):
        """Its access log. A line comes a moment after the answer."""
        return self.lab.read(os.path.join(self.folder, "access.log"))

    def wait_for_request(self):
        """The access log, once it has a line."""
        end = time.monotonic() + deadline_seconds
        while time.monotonic() < end:
            if (found := self.requests()).endswith("\n"):
                return found
            time.sleep(0.01)
        raise failure("the origin logged no request")


# What passed, and what was said of it

def encoded(credentials):
    """USER:PASSWORD as it goes over the wire."""
    return base64.b64encode(credentials.encode())


def requests_in_clear(flow):
    """The heads at the start of what a client sent. They have no content."""
    return [message(head + b"\r\n\r\n") for head in flow.clear_up().split(b"\r\n\r\n")[:-1]]


def check_said(way, *wanted):
    """The first lines of all that was said in clear on the way to the server: a list for each connection."""
    seen = [[head.first for head in requests_in_clear(flow)] for flow in way.flows]
    check_equal(seen, list(wanted), f"said in clear {way.name}")


def connects(flow):
    return [head for head in requests_in_clear(flow) if head.method() == "CONNECT"]


def credentials_in_connects(way):
    """The value of Proxy-Authorization, or None, of each CONNECT that passed a hop."""
    return [head.get("proxy-authorization") for flow in way.flows for head in connects(flow)]


class ended_stream:
    """There is nothing more to read."""

    @staticmethod
    def recv(_):
        return b""


def answers_to_connect(flow):
    """The status codes, up to the one that made a tunnel."""
    http = reader(ended_stream)
    http.held = flow.down
    found = []
    while http.held and (not found or found[-1] >= 300):
        found.append(http.head().status() if http.held.split(b" ", 2)[1][:1] == b"2" else http.response().status())
    return found


def check_log_refused(entry, status, error):
    """A line of the access log tells of this refusal."""
    seen = (entry["event"], entry["status"], entry["error"])
    check_equal(seen, ("refused", str(status), error), "refusal in the access log")


def check_log_tunnel(entry, target):
    """A line of the access log tells of a tunnel that carried something both ways and ended well."""
    check_equal((entry["event"], entry["target"], entry["status"]), ("tunnel", target, "200"), "access log")
    for way in ("to_upstream", "to_client"):
        check(int(entry[way]) > 0, f"the access log should count bytes {way}: {entry}")
    check(entry["end"] in expected.good_ends, f"end in the access log: {entry['end']}")


def check_fetch_refused(done, port, target, status):
    """fetch says which proxy refused what, and with which status."""
    check_exit(done, expected.tunnel_refused)
    check_equal(done.out, b"", "body")
    pattern = expected.refused_tunnel(f"127.0.0.1:{port}", target, status)
    check(re.search(pattern, done.last_line()), f"last line of fetch: expected {pattern}, saw {done.last_line()!r}")
