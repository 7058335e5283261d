import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor

from dask.distributed import Client, get_client
from tornado.concurrent import run_on_executor


def square_sum(top):
    total = 0
    for number in range(2_000_000):
        total += number * number % top
    return total


def serve(inbox, outbox):
    while True:
        top = inbox.get()
        outbox.put(square_sum(top))


def prepare(level):
    time.sleep(level)


def main(inbox, outbox):
    client = Client()
    client.submit(square_sum, 7)  # advise: process cpu-bound
    get_client().map(square_sum, [3, 4])  # advise: process cpu-bound
    pool = multiprocessing.Pool(2, serve, (inbox, outbox))  # advise: process cpu-bound
    other = multiprocessing.Pool(2, initializer=prepare, initargs=(0.1,))
    pool.close()
    other.close()


class Handler:
    executor = ThreadPoolExecutor(2)

    @run_on_executor
    def slow(self):
        time.sleep(1)

    @run_on_executor(executor="executor")
    def slower(self):
        time.sleep(2)

    def get(self):
        self.slow()  # advise: thread io-bound
        self.slower()  # advise: thread io-bound
