import time
from concurrent.futures import Executor
from functools import partial

from lazy import AtOnce, Careful


def fetch(number):
    time.sleep(0.2)
    return number


class Visit:
    def __init__(self, debug):
        self.pool = AtOnce() if debug else Careful(3)

    def all(self, numbers):
        return list(self.pool.map(fetch, numbers))  # advise: thread io-bound


def visit(debug, numbers):
    make = AtOnce if debug else partial(Careful, max_workers=2)
    with make() as pool:
        return list(pool.map(fetch, numbers))  # advise: thread io-bound


class Remote(Executor):
    """Hands work to a machine elsewhere: neither at once nor by one of the known executors."""

    def __init__(self):
        self.pending = []

    def submit(self, fn, *args):
        self.pending.append((fn, args))


def send(numbers):
    remote = Remote()
    for number in numbers:
        remote.submit(fetch, number)  # advise: thread io-bound


def plain(numbers):
    return [AtOnce().submit(fetch, number) for number in numbers]
