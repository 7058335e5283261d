"""Executors of a project's own, made on demand and put among the names of the module."""


def _make():
    from concurrent.futures import Executor, Future, ThreadPoolExecutor

    class AtOnce(Executor):
        def submit(self, fn, *args):
            done = Future()
            done.set_result(fn(*args))
            return done

        def map(self, fn, *iterables):
            for item in iterables[0]:
                yield fn(item)

    class Careful(ThreadPoolExecutor):
        def __init__(self, max_workers=4):
            super().__init__(max_workers)

    globals()["AtOnce"] = AtOnce
    globals()["Careful"] = Careful


def __getattr__(name):
    _make()
    return globals()[name]
