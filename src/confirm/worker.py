"""The interpreter in which `concheck confirm` measures.

It reads one JSON command a line and answers each with one line. The condition (in a row, threads, processes, ...) is
fixed by the first command; what is measured is called by nobody else.
"""

import json
import os
import sys
import time

PID = os.getpid()


class Rejected(Exception):
    """Something that concheck explains to the user: a stage, and what went wrong there."""

    def __init__(self, stage, error):
        super().__init__(stage)
        self.stage = stage
        self.error = error


def claim_pipes():
    """Takes the pipes from the code that is measured: its input is empty, its output only counted."""
    import fcntl

    commands = os.fdopen(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 100), "rb")
    replies = os.fdopen(fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 100), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return commands, replies


def limit(memory):
    """Bounds memory, and has the system end this process when concheck itself is ended."""
    import resource

    bound_by(resource, "RLIMIT_AS", memory)
    bound_by(resource, "RLIMIT_CORE", 0)
    if sys.platform == "linux":
        try:
            import ctypes

            ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
        except (ImportError, OSError, AttributeError):
            pass


def bound_by(resource, name, value):
    kind = getattr(resource, name, None)
    if kind is None:
        return
    try:
        resource.setrlimit(kind, (value, value))
    except (ValueError, OSError):
        pass


def imported(module):
    """Imports a module of the project under its own name, from the file that was analysed."""
    import importlib
    import importlib.util

    name, path = module["name"], module["path"]
    loaded = sys.modules.get(name)
    if loaded is None:
        try:
            loaded = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
                raise
    found = getattr(loaded, "__file__", None)
    if found and os.path.realpath(found) == os.path.realpath(path):
        return loaded
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def arguments(*args, **kwargs):
    """What one call is given."""
    return args, kwargs


def stage(name, work):
    try:
        return work()
    except BaseException as error:
        raise Rejected(name, error) from error


def evaluated(expression, module):
    scope = dict(vars(module))
    scope["__arguments__"] = arguments
    for name, text in expression["bindings"]:
        scope[name] = eval(text, scope)
    return eval(expression["text"], scope)


def spread(tasks, most):
    """At most `most` of the tasks, from all over the list."""
    from itertools import islice

    tasks = list(islice(tasks, 64))
    if len(tasks) <= most:
        return tasks
    step = len(tasks) / most
    return [tasks[int((place + 0.5) * step)] for place in range(most)]


def loaded_work(job):
    target = job["target"]
    module = stage("import", lambda: imported(target["module"]))
    call = stage("target", lambda: evaluated(target, module))
    inputs = job["inputs"]
    given = stage("import", lambda: imported(inputs["module"]))
    tasks = stage("inputs", lambda: spread(evaluated(inputs, given), job["distinct"]))
    if not tasks:
        raise Rejected("inputs", ValueError("the inputs are empty"))
    return call, tasks


# What runs in pools. Inputs that were given once are found in KEPT.

KEPT = None


def invoke(task):
    call, args, kwargs = task
    return call(*args, **kwargs)


def invoke_kept(place):
    call, tasks, quiet = KEPT
    args, kwargs = tasks[place]
    result = call(*args, **kwargs)
    return None if quiet else result


def know(job):
    """What a worker process does first: it has the module under the name that tasks refer to."""
    imported(job["target"]["module"])


def keep(job):
    """What a worker process does first where it is given the inputs once."""
    global KEPT
    if KEPT is None:
        call, tasks = loaded_work(job)
        KEPT = (call, tasks, job["quiet"])


class Serial:
    """One task after the other, in this thread."""

    def __init__(self, job):
        self.job = job
        self.call, self.tasks = loaded_work(job)

    def pids(self):
        return []

    def run(self, count):
        call, tasks = self.call, self.tasks
        size = len(tasks)
        for number in range(count):
            args, kwargs = tasks[number % size]
            call(*args, **kwargs)

    def close(self):
        pass

    def prepared(self, count):
        size = len(self.tasks)
        return [(self.call, *self.tasks[number % size]) for number in range(count)]


class Threads(Serial):
    """A warm pool of threads."""

    def __init__(self, job):
        super().__init__(job)
        from concurrent.futures import ThreadPoolExecutor

        self.pool = ThreadPoolExecutor(job["workers"])
        list(self.pool.map(time.sleep, [0.01] * job["workers"]))

    def run(self, count):
        for _ in self.pool.map(invoke, self.prepared(count)):
            pass


class Processes(Serial):
    """A warm pool of processes; each task is pickled as the program does it."""

    first = staticmethod(know)

    def __init__(self, job):
        super().__init__(job)
        import multiprocessing

        methods = multiprocessing.get_all_start_methods()
        method = "fork" if sys.platform == "linux" and "fork" in methods else None
        self.context = multiprocessing.get_context(method)
        self.pool = None
        if job["hand_over"] == "pool":
            self.pool = self.context.Pool(job["workers"], self.first, (job,))
            self.pool.map(time.sleep, [0.02] * job["workers"], 1)
        elif job["hand_over"] == "executor":
            from concurrent.futures import ProcessPoolExecutor

            self.pool = ProcessPoolExecutor(job["workers"], self.context, self.first, (job,))
            list(self.pool.map(time.sleep, [0.02] * job["workers"]))

    def pids(self):
        members = getattr(self.pool, "_processes", None) or {}
        return list(members) if isinstance(members, dict) else []

    def chunk(self, count):
        if self.job["chunk"] > 0:
            return self.job["chunk"]
        return max(1, -(-count // (4 * self.job["workers"])))

    def run(self, count):
        if self.job["hand_over"] == "start":
            return self.start_each(count)
        return self.map(invoke, self.prepared(count), count)

    def map(self, function, items, count):
        if self.job["hand_over"] == "pool":
            self.pool.map(function, items, self.chunk(count))
        else:
            for _ in self.pool.map(function, items, chunksize=self.chunk(count)):
                pass

    def start_each(self, count):
        """A process for each task, as many at a time as there are workers."""
        waiting = self.prepared(count)
        while waiting:
            batch = [self.context.Process(target=invoke, args=(task,)) for task in waiting[: self.job["workers"]]]
            del waiting[: self.job["workers"]]
            for process in batch:
                process.start()
            for process in batch:
                process.join()

    def close(self):
        if self.job["hand_over"] == "pool":
            self.pool.terminate()
        elif self.pool is not None:
            self.pool.shutdown()


class Kept(Processes):
    """A warm pool of processes that were given the inputs once; large results stay there."""

    first = staticmethod(keep)

    def __init__(self, job):
        keep(job)
        super().__init__(dict(job, hand_over="executor"))

    def run(self, count):
        size = len(self.tasks)
        self.map(invoke_kept, [number % size for number in range(count)], count)


class Interpreters(Serial):
    """A warm pool of interpreters in this process (from Python 3.14)."""

    def __init__(self, job):
        super().__init__(job)
        from concurrent.futures import InterpreterPoolExecutor

        self.pool = InterpreterPoolExecutor(job["workers"])
        list(self.pool.map(time.sleep, [0.02] * job["workers"]))

    def run(self, count):
        waiting = [self.pool.submit(call, *args, **kwargs) for call, args, kwargs in self.prepared(count)]
        for future in waiting:
            future.result()


class Loop(Serial):
    """The work in a coroutine: how long is the event loop kept from everything else?"""

    def __init__(self, job):
        super().__init__(job)
        self.pool = None
        if job["hand_over"] == "thread":
            from concurrent.futures import ThreadPoolExecutor

            self.pool = ThreadPoolExecutor(1)
        elif job["hand_over"] == "process":
            self.processes = Processes(dict(job, hand_over="executor"))
            self.pool = self.processes.pool

    def pids(self):
        return self.processes.pids() if self.job["hand_over"] == "process" else []

    def run(self, count):
        import asyncio

        return {"stalls": asyncio.run(self.stalls(count))}

    async def stalls(self, count):
        import asyncio

        worst = [0.0]

        async def tick():
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                worst[0] = max(worst[0], time.perf_counter() - before - 0.001)

        loop = asyncio.get_running_loop()
        ticker = loop.create_task(tick())
        found = []
        for task in self.prepared(count):
            await asyncio.sleep(0.003)
            worst[0] = 0.0
            if self.pool is None:
                invoke(task)
            else:
                await loop.run_in_executor(self.pool, invoke, task)
            await asyncio.sleep(0.002)
            found.append(worst[0])
        ticker.cancel()
        return found

    def close(self):
        if self.pool is not None:
            self.pool.shutdown()


CONDITIONS = {
    "serial": Serial,
    "threads": Threads,
    "free-threaded": Threads,
    "processes": Processes,
    "kept": Kept,
    "interpreters": Interpreters,
    "loop": Loop,
}


def sampled(condition, count):
    """The CPU time of the working thread for which a second thread that asks for the GIL has to wait, and all of it.

    A thread that finds the GIL taken gets it when the holder gives it up or the switch interval is over; one that finds
    it free gets it at once. CPU time rather than wall time is counted, so that a busy machine does not look like a wait.
    """
    import threading

    interval, pause = 0.003, 0.0007
    found, over, clock = {"held": 0.0, "all": 0.0}, threading.Event(), clock_of_this_thread()

    def sample():
        while not over.is_set():
            used, before = clock(), time.perf_counter()
            time.sleep(pause)
            late, used = time.perf_counter() - before - pause, clock() - used
            found["all"] += used
            if late > interval * 0.6:
                found["held"] += used

    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        condition.run(count)
    finally:
        over.set()
        sys.setswitchinterval(before)
        sampler.join()
    return found


def clock_of_this_thread():
    """Reads the CPU time of the calling thread from any thread; wall time where the system does not tell."""
    import threading

    if not hasattr(time, "pthread_getcpuclockid"):
        return time.perf_counter
    clock = time.pthread_getcpuclockid(threading.get_ident())
    return lambda: time.clock_gettime(clock)


def transferred(condition):
    """Bytes that a process is sent and sends back for a task, and the seconds that packing and unpacking take."""
    import pickle
    from multiprocessing.reduction import ForkingPickler

    sent, returned, seconds = 0, 0, 0.0
    for task in condition.prepared(len(condition.tasks)):
        result = invoke(task)
        before = time.perf_counter()
        there = bytes(ForkingPickler.dumps(task))
        pickle.loads(there)
        back = bytes(ForkingPickler.dumps(result))
        pickle.loads(back)
        seconds += time.perf_counter() - before
        sent += len(there)
        returned += len(back)
    tasks = len(condition.tasks)
    return {"sent": sent / tasks, "returned": returned / tasks, "seconds": seconds / tasks}


def hello(command):
    import platform

    gil = getattr(sys, "_is_gil_enabled", None)
    import sysconfig

    return {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "gil": True if gil is None else gil(),
        "free_threaded_build": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "interpreters": sys.version_info >= (3, 14),
    }


class Session:
    """What the commands act on."""

    def __init__(self):
        self.condition = None

    def prepare(self, command):
        self.condition = CONDITIONS[command["condition"]](command)
        return {"pids": self.condition.pids(), "tasks": len(self.condition.tasks)}

    def run(self, command):
        cpu, wall = time.process_time(), time.perf_counter()
        extra = self.condition.run(command["count"])
        answer = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "forked": self.reaped()}
        answer.update(extra or {})
        return answer

    def sample(self, command):
        return sampled(self.condition, command["count"])

    def transfer(self, command):
        return transferred(self.condition)

    def reaped(self):
        """How many processes the work itself has forked; copies of this one end here."""
        if os.getpid() != PID:
            os._exit(0)
        if type(self.condition) not in (Serial, Threads):
            return 0
        found = 0
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                found += 1
        except ChildProcessError:
            return found
        return found + 1


def where(error):
    """The innermost line that is not this file's."""
    import traceback

    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if os.path.basename(frame.filename) != os.path.basename(__file__):
            return os.path.basename(frame.filename), frame.lineno
    return "", 0


def described(error):
    at = "run"
    if isinstance(error, Rejected):
        at, error = error.stage, error.error
    kind = type(error).__name__
    file, line = where(error)
    text = " ".join(str(error).split())[:300]
    return {"stage": at, "kind": kind, "text": text, "file": file, "line": line, "memory": isinstance(error, MemoryError)}


def answer_to(session, command):
    handlers = {
        "hello": hello,
        "prepare": session.prepare,
        "run": session.run,
        "sample": session.sample,
        "transfer": session.transfer,
    }
    try:
        return {"ok": handlers[command["do"]](command)}
    except BaseException as error:
        if os.getpid() != PID:
            os._exit(0)
        return {"error": described(error)}


def main():
    commands, replies = claim_pipes()
    session = Session()
    for line in commands:
        command = json.loads(line)
        if command["do"] == "hello":
            limit(command["memory"])
        answer = answer_to(session, command)
        replies.write(json.dumps(answer).encode() + b"\n")
        replies.flush()
    if session.condition is not None:
        session.condition.close()
    os._exit(0)


if __name__ == "__main__":
    main()
