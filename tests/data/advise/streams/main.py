"""Who goes through what a parameter holds pays for what gives the elements."""
import threading
import urllib.request
from typing import Iterable


def pages(addresses):
    for address in addresses:
        with urllib.request.urlopen(address) as answer:
            yield answer.read()


def count_words(texts):
    total = 0
    for text in texts:
        total += len(text.split())
    print(total)


def show(events: Iterable[dict]):
    for event in events:
        rows = [f"{name} {sorted(event)[0]}" for name in sorted(event["names"])]
        print(rows)


def main(feed):
    threading.Thread(target=count_words, args=(pages(["http://example.org"]),)).start()  # advise: thread io-bound
    for each in feed:
        threading.Thread(target=show, args=(each,)).start()  # advise: thread cpu-bound


if __name__ == "__main__":
    main([])
