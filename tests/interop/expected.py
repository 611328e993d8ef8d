"""What the programs under test print and return. Adjust here, nowhere else."""

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
}

# What gateway prints on stdout.
listening = r"^listening on 127\.0\.0\.1:(\d+)$"
own_certificate = r"^certificate sha256 ([0-9a-fA-F]{64})$"
