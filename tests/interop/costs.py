"""What its connections cost the proxy."""

import os
import signal
import time

from lab import check, check_equal, deadline_seconds


def until_holds(condition, what, seconds=deadline_seconds):
    """For what cannot be waited for otherwise: looks until it is so."""
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, f"waited {seconds} s for {what}")
        time.sleep(0.005)


class costs:
    """Descriptors and memory of a proxy, against what it had when it was idle."""

    def __init__(self, lab, proxy):
        self.lab = lab
        self.folder = f"/proc/{proxy.process.popen.pid}"
        self.idle_descriptors = self.descriptors()
        self.idle_memory = self.memory()

    def descriptors(self):
        return len(os.listdir(self.folder + "/fd"))

    def field(self, name):
        with open(self.folder + "/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name + ":"))

    def memory(self):
        return self.field("VmRSS")

    def peak(self):
        return self.field("VmHWM")

    def check_idle(self):
        """Every descriptor that came has gone."""
        until_holds(lambda: self.descriptors() <= self.idle_descriptors,
                    f"the descriptors of the proxy: {self.idle_descriptors} when idle")
        check_equal(self.descriptors(), self.idle_descriptors, "descriptors of the proxy, idle")

    def sanitized(self):
        """A sanitizer reserves terabytes."""
        return self.field("VmSize") > 1 << 40

    def check_memory(self, more, *seen):
        """The peak and the samples stay within `more` bytes over idle. A sanitizer's shadow has no such bound."""
        most = max(self.peak(), *seen)
        self.lab.note(f"memory of the proxy: idle {self.idle_memory >> 10} KiB, most {most >> 10} KiB, "
                      f"now {self.memory() >> 10} KiB")
        if self.sanitized():
            self.lab.note("the proxy runs under a sanitizer: its memory is not bounded")
            return
        check(most <= self.idle_memory + more,
              f"memory of the proxy: {most >> 10} KiB, {self.idle_memory >> 10} KiB when idle")


class stopped:
    """While the proxy is stopped, what happens to both sides of a tunnel happens at once."""

    def __init__(self, proxy):
        self.process = proxy.process.popen

    def state(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as line:
            return line.read().rpartition(")")[2].split()[0]

    def __enter__(self):
        self.process.send_signal(signal.SIGSTOP)
        until_holds(lambda: self.state() == "T", "the proxy to stop")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)
