"""What the programs under test print and return. Adjust here, nowhere else."""

import re

# Exit status of fetch.
answered = 0
usage = 1
network = 2
refused = 3
peer_broke_protocol = 4
tls = 5

# The last line that fetch writes on stderr is "fetch: NAME: sentence".
# A rule may have several names.
errors = {
    "101 without Connection: upgrade": ["missing_upgrade_option"],
    "cleartext behind the 101": ["cleartext_after_101"],
    "the server did not upgrade": ["upgrade_refused"],
    "the probe's answer ends the connection": ["probe_connection_closing"],
    "something came behind the probe's answer": ["unsolicited_response"],
    "426 without Upgrade": ["missing_upgrade"],
    "426 without Connection: upgrade": ["missing_upgrade_option"],
    "426 for another protocol": ["no_common_token"],
    "101 that nobody asked for": ["unasked_101"],
    "101 for what was not offered": ["token_not_offered"],
    "101 of HTTP/1.0": ["switch_in_http_1_0"],
    "the connection ended": ["peer_closed"],
    "a certificate that is not verified": ["unverified_peer"],
}

# What gateway prints on stdout.
listening = r"^listening on 127\.0\.0\.1:(\d+)$"
own_certificate = r"^certificate sha256 ([0-9a-fA-F]{64})$"

# A proxy refused: the exit status of fetch, and its last line.
tunnel_refused = 6


def refused_tunnel(proxy, target, status):
    """A pattern for the line."""
    line = f"fetch: tunnel_refused: {proxy} answered CONNECT {target} with {status}"
    return rf"^{re.escape(line)}(: .*)?$"


# What fetch says of a line of its cache that it cannot read: a pattern.
def damaged_line(file, number):
    return rf"^fetch: cache: {re.escape(file)}:{number}: bad_entry: "


# The lines of the cache: scheme host port how pinned expires token... How long fetch remembers, in seconds.
heard_in_clear = ["clear", "unpinned"]
verified = ["verified", "unpinned"]
pinned = ["verified", "pinned", "0"]
life = {"clear": 3600, "verified": 30 * 86400}

# What gateway and proxy add to Via: the version that they received, and a pseudonym of this start's own.
via = r"^1\.[01] tlsup-[0-9a-f]{16}$"


def members_of_via(text):
    """The members, with "ours" in place of those that gateway or proxy wrote."""
    return ["ours" if re.match(via, member) else member for member in re.split(", *", text)] if text else []


# The access log of proxy: how a tunnel ends when nothing went wrong, and the name of each refusal.
# A client that closes before it has read the server's last alert resets the connection: client_failed.
good_ends = ("client_closed", "upstream_closed", "client_failed")
refusals = {
    "port denied": ("403", "port_denied"),
    "host denied": ("403", "host_denied"),
    "address denied": ("403", "address_denied"),
    "no credentials or wrong ones": ("407", "proxy_authentication_required"),
    "name unknown": ("502", "name_unresolved"),
    "nobody listens": ("503", "upstream_refused"),
    "no Host": ("400", "missing_host"),
    "not a target": ("400", "bad_target"),
    "been here before": ("508", "forwarding_loop"),
}

# What proxy answers when the tunnel stands.
established = b"HTTP/1.1 200 Connection established\r\n\r\n"
