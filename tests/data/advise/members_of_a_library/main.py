import ctypes
import curses
import threading

import boto3


def tag(client, names):
    for name in names:
        client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": []})


def solve(library, rows):
    for row in rows:
        library.solve_system(row)


def watch(screen):
    while True:
        if screen.getch() == ord("q"):
            break
        screen.erase()
        screen.refresh()
        curses.napms(200)


if __name__ == "__main__":
    client = boto3.client("s3")
    library = ctypes.CDLL("libsolver.so")
    screen = curses.initscr()
    first = threading.Thread(target=tag, args=(client, ["a", "b"]))  # advise: thread io-bound
    second = threading.Thread(target=solve, args=(library, [b"1", b"2"]))  # advise: thread native
    third = threading.Thread(target=watch, args=(screen,))  # advise: thread io-bound
    for worker in (first, second, third):
        worker.start()
    for worker in (first, second, third):
        worker.join()
