"""Random lives of a tunnel: how much each side sends, when it reads, and how it goes."""

import select
import socket

from lab import check, deadline_seconds
from loads import reset

# finish: sends all, ends its direction, and reads to the end.  follow: goes when the other side has gone.
# close and reset: sends all, and goes without a look at what comes.
endings = ("finish", "follow", "close", "reset")


class side:
    """One end. What it sends is the start of `block`."""

    def __init__(self, name, choice, block, ending):
        self.name, self.choice, self.block, self.ending = name, choice, block, ending
        self.total = choice.choice((0, 1, choice.randrange(60000), choice.randrange(len(block))))
        self.lazy = choice.random() < 0.5
        if self.lazy and ending in ("close", "reset"):
            self.total = min(self.total, 4000)
        self.sent = 0
        self.received = bytearray()
        self.stuck = self.broken = self.ended = self.shut = self.gone = False

    def take(self, end):
        self.end, self.stream = end, end.stream
        self.stream.setblocking(False)
        self.received += end.held
        end.held = b""

    def wants_to_send(self):
        return not self.broken and self.sent < self.total

    def sends_no_more(self):
        return self.broken or self.sent == self.total

    def reads(self, other):
        """A lazy one reads when the other side can send no more, or when it has nothing else to do, or never."""
        if self.ended or self.gone:
            return False
        if self.lazy and self.ending in ("close", "reset"):
            return False
        return not self.lazy or other.stuck or other.sends_no_more()

    def events(self, other):
        return (select.POLLOUT if self.wants_to_send() else 0) | (select.POLLIN if self.reads(other) else 0)

    def send(self):
        size = self.choice.choice((1, 1000, 65536, 300000))
        try:
            self.sent += self.stream.send(self.block[self.sent:min(self.sent + size, self.total)])
        except BlockingIOError:
            self.stuck = True
        except OSError:
            self.broken = True

    def receive(self):
        try:
            data = self.stream.recv(self.choice.choice((1000, 65536, 300000)))
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.received += data
        self.ended = not data

    def act(self, other):
        """Goes, or ends its direction, when it is time."""
        if self.gone or not self.sends_no_more():
            return
        if self.ending == "finish" and not self.shut:
            self.shut = True
            try:
                self.stream.shutdown(socket.SHUT_WR)
            except OSError:
                self.broken = True
        leaves = self.ending in ("close", "reset") and (not self.lazy or other.stuck or other.sends_no_more())
        if leaves or self.ended:
            self.gone = True
            reset(self.end) if self.ending == "reset" else self.stream.close()

    def __str__(self):
        return (f"{self.name}: {'lazy ' if self.lazy else ''}{self.ending}, sent {self.sent} of {self.total}, "
                f"received {len(self.received)}{', ended' if self.ended else ''}{', gone' if self.gone else ''}")


def move(sides, milliseconds):
    """One look at what is possible. Returns whether something was."""
    poller = select.poll()
    here = {}
    for one, other in (sides, reversed(sides)):
        if not one.gone:
            here[one.stream.fileno()] = one
            if wanted := one.events(other):
                poller.register(one.stream, wanted)
    ready = poller.poll(milliseconds)
    for number, events in ready:
        one = here[number]
        if events & select.POLLOUT or (events & (select.POLLERR | select.POLLHUP) and one.wants_to_send()):
            one.send()
        elif events:
            one.receive()
        if events & select.POLLIN:
            one.receive()
    return bool(ready)


def notice_stuck(sides):
    """Returns whether somebody is found stuck who was not before."""
    found = [one for one in sides if not one.gone and one.wants_to_send() and not one.stuck]
    for one in found:
        one.stuck = True
    return bool(found)


def live(sides):
    """Lets both sides do what they mean to, until both have gone."""
    while True:
        for one, other in (sides, reversed(sides)):
            one.act(other)
        if all(one.gone for one in sides):
            return
        if move(sides, 20) or notice_stuck(sides):
            continue
        check(move(sides, deadline_seconds * 1000), f"nothing moved for {deadline_seconds} s")


def arrives_whole(sender, receiver, policy):
    """Whether all that the sender sent has to come out."""
    ends_well = sender.ending == "finish" or (sender.ending == "follow" and policy == "propagate")
    stays = receiver.ending == "follow" or (receiver.ending == "finish" and policy == "propagate")
    return ends_well and stays
