"""Tunnels with random lives: whatever arrives is the start of what was sent, and the log agrees."""

import random

import scenarios
from costs import costs
from lab import case, check, check_equal, failure
from loads import check_prefix, check_works, megabyte, open_tunnel, random_bytes, upstream
from proxies import connect_proxy

data = random_bytes(5 * megabyte)
small = 65536


def check_scenario(lab, proxy, server, policy, seed):
    """Returns both sides, as they were in the end."""
    choice = random.Random(seed)
    small_buffers = choice.random() < 0.5
    kinds = [choice.choice(scenarios.endings), choice.choice([k for k in scenarios.endings if k != "follow"])]
    choice.shuffle(kinds)
    pair = [scenarios.side(name, choice, memoryview(data)[at:at + 2 * megabyte], kind)
            for name, at, kind in zip(("client", "upstream"), (0, 3 * megabyte), kinds)]
    client, end = open_tunnel(lab, proxy, server, receive_buffer=small if small_buffers else None)
    pair[0].take(client)
    pair[1].take(end)
    try:
        scenarios.live(pair)
        for sender, receiver in (pair, reversed(pair)):
            check_prefix(receiver.received, sender.block[:sender.sent].tobytes(), receiver.name)
            if scenarios.arrives_whole(sender, receiver, policy):
                check_equal(len(receiver.received), sender.total, f"bytes at the {receiver.name}")
    except failure as problem:
        raise failure(f"seed {seed}: {problem}: {pair[0]}; {pair[1]}") from None
    return pair


def check_scenario_line(line, client, end, seed):
    """The log counts no more than was sent, and no less than arrived."""
    saw = f"seed {seed}: {client}; {end}: {line}"
    check_equal(line["event"], "tunnel", "event")
    check(line["end"] in ("client_closed", "upstream_closed", "client_failed", "upstream_failed"), saw)
    check(len(end.received) <= int(line["to_upstream"]) <= client.sent, saw)
    check(len(client.received) <= int(line["to_client"]) <= end.sent, saw)
    gone_first = [name for name, one in (("client", client), ("upstream", end)) if one.ending != "follow"]
    check(any(line["end"].startswith(name) for name in gone_first), saw)


def check_scenarios(lab, policy, count=200):
    first = random.SystemRandom().randrange(1 << 32)
    lab.note(f"seeds from {first}")
    server = upstream(lab, receive_buffer=small)
    proxy = connect_proxy(lab, ports=(server.port,), half_close=policy)
    cost = costs(lab, proxy)
    pairs = [check_scenario(lab, proxy, server, policy, first + n) for n in range(count)]
    lines = sorted(proxy.wait_for_log(count), key=lambda line: line["connection"])
    check_equal(len(lines), count, "lines in the log")
    for n, (pair, line) in enumerate(zip(pairs, lines)):
        check_scenario_line(line, *pair, first + n)
    cost.check_idle()
    check_works(lab, proxy, server)


@case("random tunnels: 200 lives, half-close close: no byte lost or doubled")
def random_close(lab):
    check_scenarios(lab, "close")


@case("random tunnels: 200 lives, half-close propagate: no byte lost or doubled")
def random_propagate(lab):
    check_scenarios(lab, "propagate")
