"""How long a worker waits for something to do says nothing about what it does then."""

import queue
import threading


def digest(rounds):
    state = rounds
    for _ in range(200_000):
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state


def work(inbox, outbox):
    while True:
        rounds = inbox.get()
        if rounds is None:
            break
        outbox.put(digest(rounds))


def collect(outbox, seen):
    while True:
        seen.append(outbox.get())


def main():
    inbox, outbox, seen = queue.Queue(), queue.Queue(), []
    threading.Thread(target=work, args=(inbox, outbox)).start()  # advise: thread cpu-bound
    threading.Thread(target=collect, args=(outbox, seen)).start()  # advise: thread io-bound
