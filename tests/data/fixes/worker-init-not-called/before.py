import threading


class Greeter(threading.Thread):
    def __init__(self, name):
        """Remembers whom to greet."""
        self.who = name

    def run(self):
        assert self.who


class Counter(threading.Thread):
    def __init__(self):
        # Where to start.
        self.at = 0

    def run(self):
        self.at += 1


class Idle(threading.Thread):
    def __init__(self):
        pass


if __name__ == "__main__":
    for worker in [Greeter("Ada"), Counter(), Idle()]:
        worker.daemon = True
        worker.start()
