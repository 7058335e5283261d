"""Workers that do little but exchange messages with their like, and sleeps whose length a variable holds."""
import threading
import time
from multiprocessing import Pipe, Process

from joblib import Parallel, delayed


def relax(left, right, level):
    for _ in range(12):
        left.send(level)
        right.send(level)
        level = (left.recv() + right.recv()) / 2
    left.close()


def answer(connection):
    while True:
        question = connection.recv()
        if question is None:
            break
        connection.send(question.upper())


def nap(seconds):
    time.sleep(seconds)


class Counted(Parallel):
    def __call__(self, tasks, number):
        self.number = number
        return super().__call__(tasks)  # advise: process io-bound


def main():
    one, other = Pipe()
    third, fourth = Pipe()
    Process(target=relax, args=(one, fourth, 0.5)).start()  # advise: process trivial
    Process(target=answer, args=(other,)).start()  # advise: process io-bound
    for pause in (max(0, length) for length in open("pauses.txt")):
        threading.Thread(target=nap, args=(pause,)).start()  # advise: thread io-bound
    Counted(n_jobs=2)((delayed(time.sleep)(0.5) for _ in range(4)), 4)  # advise: process io-bound


if __name__ == "__main__":
    main()
