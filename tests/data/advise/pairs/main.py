import threading
import time
import urllib.request


class Download:
    def __init__(self, url):
        self.url = url

    def perform(self):
        return urllib.request.urlopen(self.url).read()


class Settle:
    def perform(self):
        time.sleep(2)


def carry_out(step):
    return step.perform()


class Plan:
    def __init__(self, urls):
        self.steps = {}
        self.steps.update((url, Download(url)) for url in urls)
        self.waits = dict((name, Settle()) for name in ("first", "second"))

    def run(self):
        workers = []
        for url, step in self.steps.items():
            workers.append(threading.Thread(target=carry_out, args=(step,)))  # advise: thread io-bound
        for name, step in self.waits.items():
            workers.append(threading.Thread(target=step.perform, name=name))  # advise: thread io-bound
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


if __name__ == "__main__":
    Plan(["https://example.org/a", "https://example.org/b"]).run()
