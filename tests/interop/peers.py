"""The programs under test and the real programs that they talk to."""

import ctypes
import os
import shutil
import socket
import tempfile
import subprocess
import threading

import expected
from lab import check, deadline_seconds, failure, program


class certificate:
    """One self-signed certificate for localhost. Victims are told to trust it, so only the defence refuses."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tlsup-interop-certificate-")
        os.chmod(self.folder, 0o755)
        self.file = os.path.join(self.folder, "certificate.pem")
        self.key = os.path.join(self.folder, "key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", self.key, "-out", self.file, "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"],
            check=True, capture_output=True, timeout=deadline_seconds)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class few_descriptors:
    """A start with a limit of 1024 descriptors, which the program may raise."""

    @staticmethod
    def prefix():
        """What to put before a command to start it so."""
        return ["prlimit", "--nofile=1024:"]


class gateway:
    """The gateway under test, listening. The default profile is the strict one."""

    def __init__(self, lab, *options, opossum="bound-alpn", backend=None, root=None, own_certificate=False,
                 namespace=None):
        argv = [os.path.join(lab.programs, "gateway"), "--listen", "127.0.0.1:0", "--opossum", opossum]
        argv += ["--root", root] if root else ["--backend", f"127.0.0.1:{backend}"]
        argv += [] if own_certificate else ["--cert", lab.certificate.file, "--key", lab.certificate.key]
        self.process = lab.start(argv + list(options), namespace=namespace)
        lab.gateways.append(self)
        self.port = int(self.process.wait_for(expected.listening)[1])
        if own_certificate:
            self.sha256 = self.process.wait_for(expected.own_certificate)[1]


def fetch(lab, *options, trust=True, timeout=10, namespace=None):
    """Runs fetch to its end."""
    argv = [os.path.join(lab.programs, "fetch"), "--timeout", timeout]
    argv += ["--cacert", lab.certificate.file] if trust else []
    return lab.run(argv + list(options), seconds=timeout + 10, namespace=namespace)


def check_exit(done, *wanted):
    names = " or ".join(map(str, wanted))
    check(done.status in wanted, f"exit status of fetch: expected {names}, saw {done.status}: {done.last_line()}")


def check_error(done, rule):
    """The last line names the rule that the peer broke."""
    names = expected.errors[rule]
    check(any(done.last_line().startswith(f"fetch: {name}: ") for name in names),
          f"last line of fetch: expected the error for {rule!r} ({' or '.join(names)}), saw {done.last_line()!r}")


def held_port(lab, address="127.0.0.1"):
    """A free port for a program that cannot pick one. It stays reserved, since nobody else is given a bound port,
    and the program can still bind it, since this socket does not listen."""
    holder = lab.keep(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET))
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((address, 0))
    return holder.getsockname()[1]


class haproxy:
    """haproxy in mode http between a client and a server."""

    def __init__(self, lab, upstream):
        self.port = held_port(lab)
        settings = lab.file("haproxy.cfg", f"""
global
    maxconn 20
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    timeout tunnel 10s
listen front
    bind 127.0.0.1:{self.port}
    server back 127.0.0.1:{upstream}
""")
        self.process = lab.start(["haproxy", "-db", "-f", settings])
        lab.wait_for_port(self.port, self.process)


class nginx:
    """nginx as an origin server, without any privilege. `www` is the folder that it serves, /listing shows its files.
    `more`: settings of its http block."""

    def __init__(self, lab, connections=64, more=""):
        here = os.path.join(lab.folder, "nginx")
        self.www = os.path.join(here, "www")
        os.makedirs(os.path.join(self.www, "listing"))
        shutil.chown(here, "nobody", "nogroup")
        self.port = held_port(lab)
        temporary = "\n".join(f"    {name}_temp_path {here}/{name};"
                              for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        settings = lab.file("nginx/nginx.conf", f"""
daemon off;
worker_processes 1;
worker_rlimit_nofile {2 * connections + 64};
pid {here}/pid;
events {{
    worker_connections {connections};
}}
http {{
{temporary}
{more}
    access_log off;
    default_type text/plain;
    absolute_redirect off;
    gzip on;
    gzip_min_length 1;
    gzip_proxied any;
    gzip_types text/plain;
    server {{
        listen 127.0.0.1:{self.port} backlog={max(connections, 511)};
        root {self.www};
        location /listing/ {{
            autoindex on;
        }}
    }}
}}
""")
        self.process = lab.start(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                                  "nginx", "-p", here, "-c", settings, "-e", os.path.join(here, "error.log")])
        lab.reports.append(lambda: f"--- log of nginx\n{lab.read('nginx/error.log')}")
        lab.wait_for_port(self.port, self.process)


class network:
    """A private network namespace with loopback and a second address on it."""

    second_address = "10.9.9.9"

    def __init__(self, lab):
        self.lab = lab
        self.holder = lab.start(
            ["unshare", "-n", "sh", "-c",
             f"ip link set lo up && ip addr add {self.second_address}/32 dev lo && echo ready && exec sleep 600"])
        self.holder.wait_for(r"^ready$")
        self.path = f"/proc/{self.holder.popen.pid}/ns/net"

    def prefix(self):
        """What to put before a command to run it inside."""
        return ["nsenter", f"--net={self.path}"]

    def call(self, function):
        """Calls the function in a thread inside the namespace. Threads and sockets that it makes belong there too."""
        outcome = []

        def inside():
            try:
                with open(self.path, "rb") as namespace:
                    libc = ctypes.CDLL(None, use_errno=True)
                    new_network = 0x40000000
                    if libc.setns(namespace.fileno(), new_network) != 0:
                        raise failure(f"setns: {os.strerror(ctypes.get_errno())}")
                outcome.append((function(), None))
            except Exception as error:
                outcome.append((None, error))

        thread = threading.Thread(target=inside, daemon=True)
        thread.start()
        thread.join(deadline_seconds)
        check(outcome, "the thread inside the namespace did not end")
        value, error = outcome[0]
        if error:
            raise error
        return value


class cupsd:
    """A private cupsd with its own folders."""

    def __init__(self, lab, address="127.0.0.1", namespace=None):
        here = os.path.join(lab.folder, "cups")
        for name in ("", "cache", "state", "spool", "tmp", "ssl", "log", "www"):
            path = os.path.join(here, name)
            os.makedirs(path, exist_ok=True)
            shutil.chown(path, "lp", "lp")
        lab.file("cups/www/index.html", "hello from the print server\n")
        pick = (lambda: held_port(lab, address))
        self.port = namespace.call(pick) if namespace else pick()
        files = lab.file("cups/cups-files.conf", f"""
ServerRoot {here}
CacheDir {here}/cache
StateDir {here}/state
RequestRoot {here}/spool
TempDir {here}/tmp
ServerKeychain {here}/ssl
DocumentRoot {here}/www
AccessLog {here}/log/access
ErrorLog {here}/log/error
PageLog {here}/log/page
Printcap {here}/printcap
User lp
Group lp
SystemGroup root
CreateSelfSignedCerts yes
""")
        # cupsd insists on a way in through localhost.
        listen = "\n".join(f"Listen {one}:{self.port}" for one in sorted({address, "127.0.0.1"}))
        settings = lab.file("cups/cupsd.conf", f"""
{listen}
ServerAlias *
Browsing No
DefaultAuthType None
DefaultEncryption IfRequested
LogLevel debug
<Location />
  Order deny,allow
  Allow all
</Location>
<Location /printers>
  Encryption Required
  Order deny,allow
  Allow all
</Location>
""")
        self.process = program(lab, ["cupsd", "-c", settings, "-s", files, "-f"], namespace=namespace)
        lab.reports.append(lambda: f"--- log of cupsd\n{lab.read('cups/log/error')}")
        wait = (lambda: lab.wait_for_port(self.port, self.process, address))
        namespace.call(wait) if namespace else wait()
