import queue
import threading
from concurrent.futures import ThreadPoolExecutor

from mixer._fast import blend

from . import missing
from ._held import tally


def mix_one(pair):
    return blend(pair[0], pair[1])


def count_one(words):
    return tally(words)


def other(words):
    return missing.tally(words)


def mix_from(inbox, outbox):
    while True:
        pair = inbox.get()
        if pair is None:
            break
        outbox.put(blend(*pair))


def main(pairs, texts):
    inbox, outbox = queue.Queue(), queue.Queue()
    threading.Thread(target=mix_from, args=(inbox, outbox)).start()  # advise: thread native
    with ThreadPoolExecutor() as pool:
        pool.map(mix_one, pairs)  # advise: thread native
        pool.map(blend, pairs, pairs)  # advise: thread native
        pool.map(count_one, texts)  # advise: thread cpu-bound
        pool.map(other, texts)  # advise: thread unknown
