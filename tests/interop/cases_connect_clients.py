"""Real clients of CONNECT through the proxy, with TLS to a real server behind it."""

import http.client
import os
import ssl

import expected
from hop import hop
from lab import case, check, check_equal, deadline_seconds
from peers import held_port
from proxies import apache_origin, check_log_refused, check_log_tunnel, connect_proxy, names_from_files, page
from wire import reader

here = os.path.dirname(os.path.abspath(__file__))
node_modules = os.path.join(here, "..", "..", "build", "interop-node")
auth = "user:secret"
asks = ("--auth", auth)


# What the proxy says of its clients

def check_log(proxy, target, refusals=()):
    """The access log: these refusals, then one tunnel, then nothing."""
    log = proxy.wait_for_log(len(refusals) + 1)
    check_equal(len(log), len(refusals) + 1, "lines of the access log")
    for entry, refusal in zip(log, refusals):
        check_log_refused(entry, *expected.refusals[refusal])
    check_log_tunnel(log[-1], target)


def check_page(done, client):
    check_equal(done.status, 0, f"exit status of {client}")
    check(done.out == page.encode(), f"{client} got another page")


def check_secret_kept(origin):
    found = origin.wait_for_request()
    check("proxy-authorization -\n" in found and "Basic" not in found, f"the origin got credentials: {found}")


def rig(lab, *options, address="127.0.0.1"):
    """An origin server, and a proxy that lets clients reach it."""
    origin = apache_origin(lab, address)
    return origin, connect_proxy(lab, *options, ports=(origin.port,))


def tls(lab, stream, host="localhost"):
    stream.settimeout(deadline_seconds)
    return ssl.create_default_context(cafile=lab.certificate.file).wrap_socket(stream, server_hostname=host)


def check_get(secure):
    """Asks for the page inside a tunnel."""
    secure.sendall(b"GET /page.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    check(reader(secure).response().body == page.encode(), "another page came through the tunnel")


# curl, wget, git

def curl(lab, proxy, url, *options, how="--proxy"):
    """Tells the status of the answer to CONNECT on stderr."""
    return lab.run(["curl", "-q", "-sS", "--max-time", "10", "--cacert", lab.certificate.file,
                    "-w", "%{stderr}CONNECT: %{http_connect}\\n", how, proxy.url, *options, url])


for a_name, a_setting, an_option, some_refusals in (
        ("curl", [], {}, []),
        ("curl --proxy1.0", [], {"how": "--proxy1.0"}, []),
        ("curl --proxy-user", asks, {}, []),
        ("curl --proxy-anyauth", asks, {}, ["no credentials or wrong ones"])):
    @case(f"CONNECT clients: {a_name}")
    def by_curl(lab, name=a_name, setting=a_setting, option=an_option, refusals=some_refusals):
        origin, proxy = rig(lab, *setting)
        options = ["--proxy-user", auth] if setting else []
        options += ["--proxy-anyauth"] if refusals else []
        check_page(curl(lab, proxy, origin.url + "/page.txt", *options, **option), name)
        check_log(proxy, origin.target, refusals)
        check_secret_kept(origin)


@case("CONNECT clients: curl to an IPv6 address")
def by_curl_6(lab):
    origin, proxy = rig(lab, address="::1")
    check_page(curl(lab, proxy, origin.url + "/page.txt"), "curl")
    check_log(proxy, origin.target)


def wget(lab, proxy, url, *options):
    return lab.run(["wget", "--no-config", "--no-hsts", "--tries=1", "--timeout=10", "-O", "-",
                    f"--ca-certificate={lab.certificate.file}", *options, url], env={"https_proxy": proxy.url})


@case("CONNECT clients: wget")
def by_wget(lab):
    origin, proxy = rig(lab)
    check_page(wget(lab, proxy, origin.url + "/page.txt"), "wget")
    check_log(proxy, origin.target)


@case("CONNECT clients: wget --proxy-user")
def by_wget_with_auth(lab):
    origin, proxy = rig(lab, *asks)
    user, password = auth.split(":")
    done = wget(lab, proxy, origin.url + "/page.txt", f"--proxy-user={user}", f"--proxy-password={password}")
    check_page(done, "wget")
    check_log(proxy, origin.target)
    check_secret_kept(origin)


def git(lab, *words):
    name = ["-c", "user.name=somebody", "-c", "user.email=somebody@localhost", "-c", "init.defaultBranch=main"]
    done = lab.run(["git", *name, *words], env={"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"})
    check_equal(done.status, 0, f"exit status of git {words[0]}")


@case("CONNECT clients: git clone")
def by_git(lab):
    origin, proxy = rig(lab)
    lab.file("work/letter.txt", "a letter in a repository\n")
    served = os.path.join(origin.folder, "site", "letters.git")
    git(lab, "init", "-q", "work")
    git(lab, "-C", "work", "add", "letter.txt")
    git(lab, "-C", "work", "commit", "-q", "-m", "A letter")
    git(lab, "clone", "-q", "--bare", "work", served)
    git(lab, "-C", served, "update-server-info")
    git(lab, "-c", f"http.proxy={proxy.url}", "-c", f"http.sslCAInfo={lab.certificate.file}",
        "clone", "-q", origin.url + "/letters.git", "copy")
    check_equal(lab.read("copy/letter.txt"), "a letter in a repository\n", "file in the clone")
    for entry in proxy.wait_for_log():
        check_log_tunnel(entry, origin.target)


# openssl, socat, ncat

for a_name, some_options in (("openssl s_client -proxy", []), ("openssl s_client -proxy_user", asks)):
    @case(f"CONNECT clients: {a_name}")
    def by_s_client(lab, name=a_name, options=some_options):
        origin, proxy = rig(lab, *options)
        user, password = auth.split(":")
        known = ["-proxy_user", user, "-proxy_pass", f"pass:{password}"] if options else []
        done = lab.run(["openssl", "s_client", "-quiet", "-proxy", proxy.address, *known, "-connect", origin.target,
                        "-servername", "localhost", "-verify_return_error", "-CAfile", lab.certificate.file],
                       stdin=b"GET /page.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        check_equal(done.status, 0, f"exit status of {name}")
        head, _, body = done.out.partition(b"\r\n\r\n")
        check(head.startswith(b"HTTP/1.1 200 "), f"{name} got no answer")
        check(body == page.encode(), f"{name} got another page")
        check_log(proxy, origin.target)


for a_name, some_options in (("socat", []), ("socat with credentials", asks)):
    @case(f"CONNECT clients: {a_name}")
    def by_socat(lab, options=some_options):
        origin, proxy = rig(lab, *options)
        port = held_port(lab)
        known = f",proxyauth={auth}" if options else ""
        socat = lab.start(["socat", "-d", "-d", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr",
                           f"PROXY:127.0.0.1:{origin.target},proxyport={proxy.port}{known}"])
        socat.wait_for("listening on")
        with tls(lab, lab.connect(port)) as secure:
            check_get(secure)
        check_equal(socat.wait(), 0, "exit status of socat")
        check_log(proxy, origin.target)


for a_name, some_options in (("ncat", []), ("ncat --proxy-auth", asks)):
    @case(f"CONNECT clients: {a_name}")
    def by_ncat(lab, options=some_options):
        origin, proxy = rig(lab, *options)
        port = held_port(lab)
        known = f" --proxy-auth {auth}" if options else ""
        command = f"exec ncat --proxy {proxy.address} --proxy-type http{known} localhost {origin.port}"
        lab.start(["ncat", "-v", "-l", "127.0.0.1", port, "--sh-exec", command]).wait_for("Listening on")
        with tls(lab, lab.connect(port)) as secure:
            check_get(secure)
        log = proxy.wait_for_log()
        if log[0]["event"] == "refused":
            # Some versions wait for the 407 before they say who they are.
            check(options, "ncat was refused")
            check_log(proxy, origin.target, ["no credentials or wrong ones"])
        else:
            check_log(proxy, origin.target)


# Node

def node(lab, script, *words):
    return lab.run(["node", os.path.join(here, "node", script), node_modules, *words],
                   env={"NODE_EXTRA_CA_CERTS": lab.certificate.file})


for a_name, some_options in (("undici's ProxyAgent", []), ("undici's ProxyAgent with a token", asks)):
    @case(f"CONNECT clients: {a_name}")
    def by_undici(lab, options=some_options):
        origin, proxy = rig(lab, *options)
        check_page(node(lab, "undici.mjs", proxy.url, origin.url + "/page.txt", *options[1:]), "undici")
        check_log(proxy, origin.target)
        check_secret_kept(origin)


for a_name, some_options in (("https-proxy-agent", []), ("https-proxy-agent with credentials", asks)):
    @case(f"CONNECT clients: {a_name}")
    def by_https_proxy_agent(lab, options=some_options):
        origin, proxy = rig(lab, *options)
        url = f"http://{auth}@{proxy.address}" if options else proxy.url
        check_page(node(lab, "https-proxy-agent.mjs", url, origin.url + "/page.txt"), "https-proxy-agent")
        check_log(proxy, origin.target)
        check_secret_kept(origin)


# Python

def ask_python(lab, port, host, target_port):
    """The page, asked for with http.client through a tunnel."""
    context = ssl.create_default_context(cafile=lab.certificate.file)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=deadline_seconds, context=context)
    try:
        connection.set_tunnel(host, target_port)
        connection.request("GET", "/page.txt")
        return connection.getresponse().read()
    finally:
        connection.close()


for a_host in ("localhost", "127.0.0.1"):
    @case(f"CONNECT clients: Python http.client to {a_host}")
    def by_python(lab, host=a_host):
        origin, proxy = rig(lab)
        check(ask_python(lab, proxy.port, host, origin.port) == page.encode(), "http.client got another page")
        check_log(proxy, f"{host}:{origin.port}")


@case("CONNECT clients: Python http.client to an IPv6 address")
def by_python_6(lab):
    origin, proxy = rig(lab, address="::1")
    way = hop(lab, proxy.port, name="between http.client and the proxy")
    try:
        outcome = ask_python(lab, way.port, "::1", origin.port)
    except OSError as error:
        outcome = str(error)
    if way.up().startswith(b"CONNECT ["):
        # A Python that knows the brackets.
        check(outcome == page.encode(), "http.client got another page")
        check_log(proxy, origin.target)
    else:
        check(way.up().startswith(b"CONNECT ::1:%d HTTP/1." % origin.port), f"http.client sent {way.up()[:80]!r}")
        check("400" in str(outcome), f"http.client should see a 400, saw {outcome!r}")
        check_log_refused(proxy.wait_for_log()[0], *expected.refusals["not a target"])


# Refusals

def check_refusal(lab, refusal, proxy, url, *options):
    """curl sees the status of the refusal and no content, and the log has its name."""
    status, error = expected.refusals[refusal]
    before = len(proxy.log())
    done = curl(lab, proxy, url, *options)
    check(done.status != 0, "curl believes that it succeeded")
    check(f"CONNECT: {status}\n".encode() in done.err, f"curl should see {status}")
    check_equal(done.out, b"", "content")
    check_log_refused(proxy.wait_for_log(before + 1)[-1], status, error)


@case("CONNECT clients: curl is refused a port")
def port_denied(lab):
    origin = apache_origin(lab)
    proxy = connect_proxy(lab, ports=(443,))
    check_refusal(lab, "port denied", proxy, origin.url)
    check_equal(proxy.log()[0]["target"], origin.target, "target in the access log")
    check_equal(origin.requests(), "", "requests at the origin")


@case("CONNECT clients: curl is refused without credentials, and with wrong ones")
def wrong_credentials(lab):
    origin, proxy = rig(lab, *asks)
    for options in ([], ["--proxy-user", "user:wrong"], ["--proxy-user", "stranger:secret"]):
        check_refusal(lab, "no credentials or wrong ones", proxy, origin.url, *options)
    check_equal(origin.requests(), "", "requests at the origin")


@case("CONNECT clients: curl is told that nobody listens")
def nobody_listens(lab):
    port = held_port(lab)
    proxy = connect_proxy(lab, ports=(port,))
    check_refusal(lab, "nobody listens", proxy, f"https://127.0.0.1:{port}/")


@case("CONNECT clients: curl is told that a name is unknown")
def name_unknown(lab):
    proxy = connect_proxy(lab, namespace=names_from_files(lab))
    check_refusal(lab, "name unknown", proxy, "https://nohost.invalid/")


def connect_without_host(lab, proxy, target):
    stream = lab.connect(proxy.port)
    stream.sendall(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
    http_reader = reader(stream)
    return stream, http_reader, http_reader.head()


@case("CONNECT clients: HTTP/1.1 without Host, as lftp sends it, is refused")
def without_host(lab):
    origin, proxy = rig(lab)
    _, _, answer = connect_without_host(lab, proxy, origin.target)
    check_equal(answer.status(), 400, "status")
    check_log_refused(proxy.wait_for_log()[0], *expected.refusals["no Host"])


@case("CONNECT clients: --allow-missing-host takes HTTP/1.1 without Host")
def without_host_allowed(lab):
    origin, proxy = rig(lab, "--allow-missing-host")
    stream, rest, answer = connect_without_host(lab, proxy, origin.target)
    check_equal((answer.raw, rest.held), (expected.established, b""), "answer")
    with tls(lab, stream) as secure:
        check_get(secure)
    check_log(proxy, origin.target)
