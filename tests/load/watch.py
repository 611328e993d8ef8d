"""What a program under load uses: memory, sampled as the load goes on, and processor time."""

import threading
import time

from costs import costs
from lab import check

interval = 0.05  # seconds between two samples
# Bytes by which the last third of a run may exceed the middle third, and as many more for each connection. How many
# large files are under way at the same moment is chance.
allowance, allowance_each = 2 << 20, 1 << 10
warm_up = 0.25  # the share of a run that counts for nothing


class watch:
    """From its start to `stop()`. `owner.process` is the program."""

    def __init__(self, lab, owner):
        self.costs = costs(lab, owner)
        self.pid = owner.process.popen.pid
        self.begin = self.cpu()
        self.samples = []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.sample, daemon=True)

    def cpu(self):
        """Seconds that all threads of the process used, in user and system mode: clock_getcpuclockid(3)."""
        return time.clock_gettime((~self.pid << 3) | 2)

    def sample(self):
        while not self.stopped.wait(interval):
            try:
                self.samples.append(self.costs.memory())
            except (OSError, StopIteration):  # it has ended, which somebody else finds
                return

    def __enter__(self):
        self.begin = self.cpu()
        self.samples = [self.costs.memory()]
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.seconds = self.cpu() - self.begin
        self.stopped.set()
        self.thread.join()
        self.samples.append(self.costs.memory())

    def thirds(self):
        """The most memory in each third behind the warm-up."""
        kept = self.samples[int(len(self.samples) * warm_up):]
        third = max(len(kept) // 3, 1)
        return max(kept[:third]), max(kept[third:2 * third] or kept), max(kept[-third:])

    def check_flat(self, connections):
        _, middle, last = self.thirds()
        check(self.costs.sanitized() or last <= middle + allowance + connections * allowance_each,
              f"memory grew: {middle >> 10} KiB in the middle third, {last >> 10} KiB in the last")
