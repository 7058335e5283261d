"""What is done once, or on one system only, says little of what a worker does."""
import os
import subprocess
import sys
import threading

WINDOWS = os.name == "nt"


class State(dict):
    def __getattr__(self, name):
        return self.get(name)


state = State()


def page():
    if WINDOWS and state.get("page") is None:
        state["page"] = subprocess.run(["chcp"], capture_output=True).stdout
    return state.get("page") or "utf-8"


def score(limit):
    total = 0
    for number in range(50_000):
        total += number * limit % 7
        total += len(page())
    return total


def rank(limit):
    if sys.platform == "win32":
        subprocess.run(["wmic", "cpu"])
    total = 0
    for number in range(200_000):
        total += number * limit % 7
    return total


def main():
    for limit in range(4):
        threading.Thread(target=score, args=(limit,)).start()  # advise: thread cpu-bound
        threading.Thread(target=rank, args=(limit,)).start()  # advise: thread cpu-bound


if __name__ == "__main__":
    main()
