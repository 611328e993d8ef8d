"""What a case works with: programs, sockets, deadlines, a folder, and a record of all that happened.

Nothing here sleeps to wait for somebody. Every wait has a deadline.
When a case ends, every process is dead, every socket closed, the folder gone.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

deadline_seconds = 15
cases = []


class failure(Exception):
    """The case does not hold. The message says what was expected and what was seen."""


def case(name):
    """Registers a function as a case. It gets a lab."""
    def register(function):
        cases.append((name, function))
        return function
    return register


def check(condition, message):
    if not condition:
        raise failure(message)


def check_equal(seen, wanted, what):
    check(seen == wanted, f"{what}: expected {wanted!r}, saw {seen!r}")


def show(data, limit=1500):
    """Bytes for people: one line per line, the rest escaped."""
    if isinstance(data, str):
        data = data.encode("utf-8", "replace")
    text = data[:limit].decode("latin-1").replace("\r\n", "\\r\\n\n")
    text = "".join(c if c == "\n" or " " <= c <= "~" else f"\\x{ord(c):02x}" for c in text)
    if len(data) > limit:
        text += f" … {len(data) - limit} more"
    return text


class program:
    """A running process. Both its outputs are collected as they come."""

    def __init__(self, lab, argv, env=None, stdin=b"", namespace=None):
        self.lab = lab
        self.argv = [str(a) for a in argv]
        self.out = b""
        self.err = b""
        self.open_outputs = 2
        self.changed = threading.Condition()
        prefix = namespace.prefix() if namespace else []
        with lab.starting:
            check(not lab.over, "the case is over")
            try:
                self.popen = subprocess.Popen(
                    prefix + self.argv, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=lab.environment(env),
                    cwd=lab.folder, process_group=0)
            except OSError as error:
                raise failure(f"cannot start {self.argv[0]}: {error}") from None
            lab.programs_started.append(self)
        for name, pipe in (("out", self.popen.stdout), ("err", self.popen.stderr)):
            threading.Thread(target=self.collect, args=(name, pipe), daemon=True).start()
        if stdin:
            with self.popen.stdin as pipe:
                pipe.write(stdin)

    def collect(self, name, pipe):
        with pipe:
            while data := os.read(pipe.fileno(), 65536):
                with self.changed:
                    setattr(self, name, getattr(self, name) + data)
                    self.changed.notify_all()
        with self.changed:
            self.open_outputs -= 1
            self.changed.notify_all()

    def wait_for(self, pattern, seconds=deadline_seconds):
        """The first line on either output that matches. Fails when the process ends first."""
        def search():
            text = (self.out + b"\n" + self.err).decode("utf-8", "replace")
            return re.search(pattern, text, re.MULTILINE)
        with self.changed:
            self.changed.wait_for(lambda: search() or not self.open_outputs, seconds)
            found = search()
        check(found, f"{self.argv[0]} did not print a line like {pattern!r}")
        return found

    def wait_for_lines(self, text, count, seconds=deadline_seconds):
        """All lines on stderr that contain the text, once there are so many."""
        def search():
            return [line for line in self.err.decode("utf-8", "replace").splitlines() if text in line]
        with self.changed:
            self.changed.wait_for(lambda: len(search()) >= count or not self.open_outputs, seconds)
            found = search()
        check(len(found) >= count, f"{self.argv[0]} printed {len(found)} lines with {text!r}, not {count}")
        return found

    def wait(self, seconds=deadline_seconds):
        """The exit status. A process that misses the deadline is killed and fails the case."""
        try:
            status = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise failure(f"{self.argv[0]} did not end within {seconds} s") from None
        with self.changed:
            self.changed.wait_for(lambda: not self.open_outputs, 2)
        return status

    def terminate(self, seconds=5):
        """SIGTERM, then the exit status."""
        if self.popen.poll() is None:
            self.popen.terminate()
        return self.wait(seconds)

    def kill(self):
        """Ends the process and whatever it started: the whole of its own process group."""
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait()

    def report(self):
        return (f"--- {' '.join(self.argv)}\n    status {self.popen.poll()}\n"
                f"--- its stdout\n{show(self.out, 6000)}\n--- its stderr\n{show(self.err, 6000)}")


class result:
    """A process that has ended."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def last_line(self):
        lines = self.err.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""


class lab:
    def __init__(self, programs, certificate):
        self.programs = programs
        self.certificate = certificate
        self.folder = tempfile.mkdtemp(prefix="tlsup-interop-")
        os.chmod(self.folder, 0o755)
        os.mkdir(os.path.join(self.folder, "home"))
        self.programs_started = []
        self.gateways = []
        self.sockets = []
        self.notes = []
        self.reports = []
        self.faults = []
        self.over = False
        self.starting = threading.Lock()

    # Programs

    def environment(self, more=None):
        """A private and proxy-free environment."""
        plain = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                 "HOME": os.path.join(self.folder, "home"), "LANG": "C.UTF-8", "TMPDIR": self.folder}
        for name, value in os.environ.items():
            if name.endswith("SAN_OPTIONS"):
                plain[name] = value
        plain.update(more or {})
        return plain

    def start(self, argv, **options):
        return program(self, argv, **options)

    def run(self, argv, seconds=deadline_seconds, **options):
        started = self.start(argv, **options)
        status = started.wait(seconds)
        return result(status, started.out, started.err)

    # Files

    def file(self, name, content=b""):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, name):
        """The text of a file, for the record."""
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as content:
                return content.read()
        except OSError as error:
            return str(error)

    # Sockets

    def keep(self, opened):
        """The lab closes it at the end."""
        self.sockets.append(opened)
        return opened

    def listen(self, address="127.0.0.1"):
        listener = self.keep(socket.socket())
        listener.bind((address, 0))
        listener.listen(16)
        return listener

    def connect(self, port, address="127.0.0.1"):
        stream = self.keep(socket.create_connection((address, port), deadline_seconds))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return stream

    def serve(self, handler, address="127.0.0.1"):
        """Calls handler(stream) in a thread for each connection. Returns the port."""
        listener = self.listen(address)

        def one(stream):
            try:
                with stream:
                    handler(stream)
            except OSError as error:
                self.note(f"{handler.__qualname__}: connection ended: {error}")
            except Exception as error:
                self.faults.append(f"{handler.__qualname__}: {type(error).__name__}: {error}")

        def accept():
            while not self.over:
                try:
                    stream = self.keep(listener.accept()[0])
                except OSError:
                    return
                stream.settimeout(deadline_seconds)
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=one, args=(stream,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]

    def wait_for_port(self, port, owner, address="127.0.0.1"):
        """Until somebody listens there. Fails as soon as the owner has ended."""
        end = time.monotonic() + deadline_seconds
        while time.monotonic() < end:
            check(owner.popen.poll() is None, f"{owner.argv[0]} ended before it listened")
            try:
                socket.create_connection((address, port), 1).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise failure(f"{owner.argv[0]} did not listen on port {port}")

    # Record

    def note(self, text):
        self.notes.append(text)

    def finish(self):
        """The last check of every case: the gateways end cleanly, our own peers had no fault."""
        for one in self.gateways:
            check(one.process.popen.poll() is None, "the gateway ended before it was told to")
            check_equal(one.process.terminate(), 0, "exit status of the gateway after SIGTERM")
        check(not self.faults, "a peer of the test failed: " + "; ".join(self.faults))

    def close(self):
        with self.starting:
            self.over = True
        for one in self.programs_started:
            one.kill()
        for one in self.sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def report(self):
        parts = [one.report() for one in self.programs_started]
        parts += [one() for one in self.reports]
        parts += [f"--- note: {text}" for text in self.notes]
        return "\n".join(parts)


def until(condition, what, seconds=deadline_seconds):
    """Waits for a threading.Event."""
    check(condition.wait(seconds), f"waited {seconds} s for {what}")
