#!/usr/bin/env python3
"""A man in the middle who removes Upgrade and Connection from what a client says in clear.

    strip_upgrade.py --to PORT --log FILE

It listens on a port of its own, which it prints, and keeps in FILE what the client sent.
"""

import argparse
import socket
import threading


def strip(head):
    """The head without the two fields that ask for TLS."""
    unwanted = (b"upgrade:", b"connection:")
    return b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(unwanted))


def relay(source, target, log=None, edit=None):
    held = b""
    try:
        while data := source.recv(65536):
            if log:
                log.write(data)
                log.flush()
            if edit:
                held += data
                if b"\r\n\r\n" not in held:
                    continue
                head, behind = held.split(b"\r\n\r\n", 1)
                data, edit = edit(head) + b"\r\n\r\n" + behind, None
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--log", required=True)
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    with open(options.log, "wb") as log:
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", options.to))
            threading.Thread(target=relay, args=(client, server, log, strip), daemon=True).start()
            threading.Thread(target=relay, args=(server, client), daemon=True).start()


if __name__ == "__main__":
    main()
