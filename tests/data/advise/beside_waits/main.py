"""Helpers that loop over something of unknown size say less than a real wait beside them."""

import threading
import urllib.request


def is_plain(word):
    return all(letter.isalnum() for letter in word)


def plain_words(line):
    return [word for word in line.split() if is_plain(word)]


def links(page):
    found = []
    for line in page.splitlines():
        for word in plain_words(line):
            if word.startswith("http"):
                found.append(word)
    return found


def words_only(page):
    return [links(part) for part in page.split(";")]


def visit(addresses):
    todo = list(addresses)
    while todo:
        address = todo.pop()
        page = urllib.request.urlopen(address).read().decode()
        todo.extend(links(page))


def main(addresses, page):
    threading.Thread(target=visit, args=(addresses,)).start()  # advise: thread io-bound
    threading.Thread(target=words_only, args=(page,)).start()  # advise: thread cpu-bound
