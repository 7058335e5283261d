import threading


class Greeter(threading.Thread):
    def __init__(self, name):
        """Remembers whom to greet."""
        super().__init__()
        self.who = name

    def run(self):
        assert self.who


class Counter(threading.Thread):
    def __init__(self):
        super().__init__()
        # Where to start.
        self.at = 0

    def run(self):
        self.at += 1


class Idle(threading.Thread):
    def __init__(self):
        super().__init__()


if __name__ == "__main__":
    for worker in [Greeter("Ada"), Counter(), Idle()]:
        worker.daemon = True
        worker.start()
