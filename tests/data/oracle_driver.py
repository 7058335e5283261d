"""Runs one fixture on this interpreter and compares what CPython does with what the fixture declares.

    oracle_driver.py bad|good FILE_OR_FOLDER [--everywhere]
                                                          supervise: check every declared oracle, print what does not hold, exit 1 then;
                                                          with --everywhere under each start method, also that no other shows a fault
    oracle_driver.py --inside METHOD HOW FILE [CASE...]   the process under observation

The vocabulary of `# oracle:` lines is defined in fixtures/README.md.
"""

import ast
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

HANG_SECONDS = 2.5
LONGER_SECONDS = 10.0
LIMIT_SECONDS = 40.0
ATTEMPTS = 4
METHODS = ("fork", "spawn", "forkserver")
PICKLING_MESSAGES = ("PicklingError", "an't pickle", "annot pickle", "an't get local object", "passed between processes or pickled")
MEASURES = {
    "loses updates": "updates",
    "threads do not speed up": "threads",
    "workers only wait": "waits",
    "no faster than serial": "serial",
}


def entry_file(fixture):
    """The script of a fixture: the file itself, or `main.py` in a folder."""
    return fixture / "main.py" if fixture.is_dir() else fixture


def declared(path, word="oracle"):
    """What the `# oracle:` lines (or others) among the first comment lines of a file say."""
    found = []
    for line in path.read_bytes().decode("latin-1").lstrip("\xef\xbb\xbf").splitlines():
        if not line.startswith("#"):
            break
        match = re.match(rf"#\s*{word}:\s*(.+)", line)
        if match:
            found.append(match.group(1).strip())
    return found


def lacks(path):
    """The Python version that a fixture needs and that this one is not."""
    needed = [tuple(int(part) for part in version.split()[0].split(".")) for version in declared(path, "needs")]
    return next((version for version in needed if sys.version_info[:2] < version), None)


def cases_in(path):
    """The names of the functions that are run one by one."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node.name for node in tree.body if isinstance(node, kinds) and node.name.startswith("case_")]


def observe(method, how, path, cases, limit):
    """Runs the file in a session of its own; returns the exit code (None when it was still running) and its output."""
    command = [sys.executable, os.path.abspath(__file__), "--inside", method, how, str(path.resolve()), *cases]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    process = subprocess.Popen(
        command,
        cwd=path.parent,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=limit)
        code = process.returncode
    except subprocess.TimeoutExpired:
        kill_group(process)
        out, err = process.communicate()
        code = None
    kill_group(process)
    return code, out, err


def kill_group(process):
    """Ends everything that the observed program started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def last_lines(text):
    return " / ".join(text.strip().splitlines()[-3:])[-400:]


def bad_claim_problem(claim, method, path, cases):
    """Why a claim about a bad fixture does not hold, or None."""
    if claim == "hangs":
        code, _, err = observe(method, "run", path, cases, HANG_SECONDS)
        return None if code is None else f"ended with exit code {code}: {last_lines(err)}"
    if claim in MEASURES:
        code, out, err = observe(method, MEASURES[claim], path, cases, LIMIT_SECONDS)
        return None if code == 0 else f"measured {last_lines(out)} {last_lines(err)}"
    if claim == "silent failure":
        code, _, err = observe(method, "failing", path, cases, LIMIT_SECONDS)
        return None if code == 0 and not err.strip() else f"exit code {code}: {last_lines(err)}"
    raises = re.fullmatch(r"raises (\w+)", claim)
    if not raises and claim != "pickle fails":
        return "is not in the vocabulary of fixtures/README.md"
    words = [raises.group(1)] if raises else PICKLING_MESSAGES
    # Most fail at once, and some hang after the error; what is silent for that long may be the fault of a busy machine,
    # or of an executor that at times hangs in its own error handling.
    for limit in (HANG_SECONDS, LONGER_SECONDS, LIMIT_SECONDS):
        code, _, err = observe(method, "run", path, cases, limit)
        if any(word in err for word in words):
            return None
        if code is not None:
            break
    return f"exit code {code}: {last_lines(err)}"


def split_methods(claim):
    """`spawn forkserver pickle fails` -> (`[spawn, forkserver]`, `pickle fails`)."""
    words, methods = claim.split(), []
    while words and words[0] in METHODS:
        methods.append(words.pop(0))
    return methods, " ".join(words)


def usual_methods(wanted, everywhere):
    """Where a claim is checked that names no start method."""
    if everywhere:
        return list(METHODS)
    return ["fork", "spawn"] if wanted == "pickle fails" else ["fork"]


def check_bad(path, claims, everywhere):
    if not claims:
        return ["declares no oracle (say `# oracle: skip REASON` when CPython cannot show it)"]
    problems, quiet = [], set(METHODS if everywhere else [])
    for claim in claims:
        methods, wanted = split_methods(claim)
        methods = methods or usual_methods(wanted, everywhere)
        quiet -= set(methods)
        if wanted.startswith("skip "):
            continue
        for method in methods:
            for case in cases_in(path) or [None]:
                problem = bad_claim_problem(wanted, method, path, [case] if case else [])
                if problem:
                    problems.append(f"{case or 'the program'} under {method}: `{wanted}` does not hold: {problem}")
    return problems + [problem for method in METHODS if method in quiet for problem in runs_through(path, method)]


def runs_through(path, method):
    """Why a program does not run through under a start method for which nothing is claimed."""
    code, _, err = observe(method, "good", path, cases_in(path), LIMIT_SECONDS)
    if code == 0 and "Traceback" not in err:
        return []
    state = "still running" if code is None else f"exit code {code}"
    return [f"under {method}, for which nothing is claimed: {state}: {last_lines(err)}"]


def check_good(path, claims, everywhere):
    if any(claim.startswith("skip ") for claim in claims):
        return []
    only = [claim[len("only ") :] for claim in claims if claim.startswith("only ")]
    problems = []
    for method in only or (METHODS if everywhere else ["fork", "spawn"]):
        code, _, err = observe(method, "good", path, cases_in(path), LIMIT_SECONDS)
        if code != 0:
            state = "still running" if code is None else f"exit code {code}"
            problems.append(f"under {method}: {state}: {last_lines(err)}")
    return problems


def supervise(kind, fixture, everywhere):
    path = entry_file(fixture)
    lacking = lacks(path)
    if lacking:
        print(f"not run: needs Python {lacking[0]}.{lacking[1]}")
        return 0
    check = check_bad if kind == "bad" else check_good
    problems = check(path, declared(path), everywhere)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def load_main(path):
    """Runs a file as the main module, so that child processes find it under every start method."""
    import types

    module = types.ModuleType("__main__")
    module.__file__ = str(path)
    module.__spec__ = None
    # Under `spawn` a child calls its main module `__mp_main__`, and what it sends back refers to that.
    sys.modules["__main__"] = sys.modules["__mp_main__"] = module
    sys.argv = [str(path)]
    sys.path[0] = str(path.parent)
    exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    return module


def call(function):
    """Calls a case; a coroutine function is run by an event loop of its own."""
    import asyncio
    import inspect

    return asyncio.run(function()) if inspect.iscoroutinefunction(function) else function()


def processor_seconds():
    """CPU time of this process and of its children that have ended."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def timed(function):
    wall, used = time.perf_counter(), processor_seconds()
    call(function)
    return time.perf_counter() - wall, processor_seconds() - used


def measure_threads(module, case):
    wall, used = timed(case)
    return used >= 0.05 and used / wall <= 1.3, f"{used:.3f} s of CPU time in {wall:.3f} s"


def measure_waits(module, case):
    wall, used = timed(case)
    return used / wall < 0.5, f"{used:.3f} s of CPU time in {wall:.3f} s"


def measure_serial(module, case):
    serial = getattr(module, case.__name__.replace("case_", "serial_", 1), None) or module.serial
    in_turn, _ = timed(serial)
    handed_over, _ = timed(case)
    return handed_over >= 0.85 * in_turn, f"{handed_over:.3f} s against {in_turn:.3f} s in turn"


def measure_updates(module, case):
    sys.setswitchinterval(1e-6)
    expected, found = call(case)
    return expected != found, f"expected {expected}, found {found}"


def measured(module, how, case):
    measure = {"threads": measure_threads, "waits": measure_waits, "serial": measure_serial, "updates": measure_updates}[how]
    for _ in range(ATTEMPTS):
        holds, seen = measure(module, case)
        if holds:
            return 0
    print(seen)
    return 1


def fails_indeed(module):
    """Whether the work that a case hands over raises when it is called directly."""
    try:
        module.fails("probe")
    except Exception:
        return True
    return False


def tell_what_does_not_pickle():
    """Writes each failure to pickle to standard error as it happens.

    An executor that could not pickle a task may hang at its shutdown before anybody sees the future's exception:
    always on CPython 3.8, and in about one of eight runs on a busy 3.9.
    """
    from multiprocessing.reduction import ForkingPickler

    dumps = ForkingPickler.dumps

    def telling(value, protocol=None):
        try:
            return dumps(value, protocol)
        except Exception as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            raise

    ForkingPickler.dumps = staticmethod(telling)


def inside(method, how, path, names):
    import multiprocessing

    # Only the default is changed: a program may still set a start method itself, which is allowed once.
    multiprocessing.context._default_context.__init__(multiprocessing.get_context(method))
    if how == "run":
        tell_what_does_not_pickle()
    module = load_main(pathlib.Path(path))
    cases = [getattr(module, name) for name in names]
    if how in MEASURES.values():
        return measured(module, how, cases[0])
    if how == "failing" and not fails_indeed(module):
        print("`fails` does not raise", file=sys.stderr)
        return 1
    for case in cases:
        result = call(case)
        if how == "good" and isinstance(result, tuple) and len(result) == 2 and result[0] != result[1]:
            print(f"{case.__name__}: expected {result[0]}, found {result[1]}", file=sys.stderr)
            return 1
    return 0


def main():
    if sys.argv[1] == "--inside":
        _, _, method, how, path, *names = sys.argv
        sys.exit(inside(method, how, path, names))
    sys.exit(supervise(sys.argv[1], pathlib.Path(sys.argv[2]), "--everywhere" in sys.argv[3:]))


if __name__ == "__main__":
    main()
