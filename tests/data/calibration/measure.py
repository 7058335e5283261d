"""Prints for each function of `work.py` its name, the seconds of one call, and the share of them that it computed.

Others use the machine, too: the time that this process was ready to run and had no processor is taken out where the
system counts it (Linux), and of several calls the best one counts.
"""

import inspect
import time

import work

CALLS = 6
ENOUGH = 0.25


def queued():
    """Seconds that this process has been waiting for a processor."""
    try:
        with open("/proc/self/schedstat") as counters:
            return int(counters.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def one_call(function):
    delay, wall, processor = queued(), time.perf_counter(), time.process_time()
    function()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    waited = max(wall - processor - (queued() - delay), 0.0)
    return processor + waited, processor / (processor + waited)


def measured(function):
    begin = time.perf_counter()
    calls = [one_call(function)]
    while len(calls) < CALLS and time.perf_counter() - begin < ENOUGH:
        calls.append(one_call(function))
    return min(calls)


for name, function in sorted(vars(work).items()):
    if hasattr(function, "__code__") and not inspect.signature(function).parameters:
        seconds, share = measured(function)
        print(name, f"{seconds:.9f}", f"{share:.3f}", flush=True)
