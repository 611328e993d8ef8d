#!/usr/bin/python3
"""Runs gateway, proxy and fetch against real programs over real TLS. Needs root: cupsd and a private network do.

One line per case, and at the end "N passed, N failed". The exit status is 0 when none failed and at least one passed.
"""

import argparse
import concurrent.futures
import os
import signal
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cases_addresses  # noqa: E402,F401
import cases_attacks  # noqa: E402,F401
import cases_basics  # noqa: E402,F401
import cases_cache  # noqa: E402,F401
import cases_cascade  # noqa: E402,F401
import cases_connect_clients  # noqa: E402,F401
import cases_connect_proxies  # noqa: E402,F401
import cases_cups  # noqa: E402,F401
import cases_downgrade  # noqa: E402,F401
import cases_fetch  # noqa: E402,F401
import cases_forward  # noqa: E402,F401
import cases_haproxy  # noqa: E402,F401
import cases_limits  # noqa: E402,F401
import cases_load  # noqa: E402,F401
import cases_nginx  # noqa: E402,F401
import cases_opossum  # noqa: E402,F401
import cases_patience  # noqa: E402,F401
import cases_policy  # noqa: E402,F401
import cases_random  # noqa: E402,F401
import cases_resets  # noqa: E402,F401
import cases_routes  # noqa: E402,F401
import cases_smuggling  # noqa: E402,F401
import cases_tunnels  # noqa: E402,F401
from lab import cases, failure, lab  # noqa: E402
from peers import certificate  # noqa: E402


live = set()
making = threading.Lock()


def give_up(trusted):
    """On a signal: leave nothing behind."""
    def stop(*_):
        making.acquire(timeout=5)
        for one in list(live):
            one.close()
        trusted.remove()
        os._exit(1)
    return stop


def run_case(name, function, programs, trusted):
    """What went wrong, or None; the record of the case; the seconds it took."""
    begin = time.monotonic()
    with making:
        here = lab(programs, trusted)
        live.add(here)
    reason = None
    try:
        function(here)
        here.finish()
    except failure as problem:
        reason = str(problem)
    except Exception as problem:
        reason = "".join(traceback.format_exception(problem)).strip()
    finally:
        for one in here.programs_started:
            one.kill()
        record = here.report()
        here.close()
        live.discard(here)
    return reason, record, time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", metavar="DIR", default="build/examples", help="where the programs are")
    parser.add_argument("--only", metavar="SUBSTRING", default="", help="only the cases whose name contains it")
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time")
    parser.add_argument("-v", "--verbose", action="store_true", help="the record of every case, and its time")
    options = parser.parse_args()

    programs = os.path.abspath(options.programs)
    chosen = [(name, function) for name, function in cases if options.only in name]
    trusted = certificate()
    signal.signal(signal.SIGTERM, give_up(trusted))
    signal.signal(signal.SIGINT, give_up(trusted))
    passed = failed = 0
    try:
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            futures = [pool.submit(run_case, name, function, programs, trusted) for name, function in chosen]
            for (name, _), future in zip(chosen, futures):
                reason, record, seconds = future.result()
                passed += reason is None
                failed += reason is not None
                took = f" ({seconds:.2f} s)" if options.verbose else ""
                print(f"{'ok' if reason is None else 'FAILED'} {name}{took}")
                if reason is not None:
                    print("\n".join("    " + line for line in f"{reason}\n{record}".splitlines()))
                elif options.verbose:
                    print("\n".join("    " + line for line in record.splitlines()))
                sys.stdout.flush()
    finally:
        trusted.remove()
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
