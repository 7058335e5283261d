import functools
import subprocess
import threading

_known = {}


def remembered(function):
    @functools.wraps(function)
    def look_up(*args):
        key = (function, args)
        if key in _known:
            return _known[key]
        result = function(*args)
        _known[key] = result
        return result

    return look_up


@remembered
def terminal_width():
    return int(subprocess.run(["tput", "cols"], capture_output=True).stdout)


def score(words):
    best = 0
    for word in words:
        total = 0
        for letter in word:
            for other in word:
                total += ord(letter) * ord(other) % 7
        if total > best:
            best = total
            print("=" * min(terminal_width(), best))
    return best


if __name__ == "__main__":
    worker = threading.Thread(target=score, args=(open("words.txt").read().split(),))  # advise: thread cpu-bound
    worker.start()
    worker.join()
