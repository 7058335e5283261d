"""Wrappers that do not hand their parameter over as it is."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial


class Reporting:
    def __init__(self, call, name):
        self.call = call
        self.name = name

    def __call__(self):
        return self.name, self.call()


class Crew:
    def __init__(self):
        self.pool = ThreadPoolExecutor(4)

    def start(self, job):
        return self.pool.submit(Reporting(job, "job"))  # advise: thread io-bound

    def start_with(self, job, value):
        return self.pool.submit(partial(job, value))  # advise: thread io-bound


def at_most(seconds, job):
    class Runner(threading.Thread):
        def run(self):
            self.result = job()

    runner = Runner()  # advise: thread io-bound
    runner.start()
    runner.join(seconds)
    return runner.result


def pause(seconds=0.1):
    time.sleep(seconds)


def main():
    crew = Crew()
    crew.start(pause)  # advise: thread io-bound
    crew.start_with(pause, 0.2)  # advise: thread io-bound
    at_most(1.0, pause)  # advise: thread io-bound
