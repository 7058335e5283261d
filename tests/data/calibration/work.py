"""Functions of known shape. `measure.py` runs them, `concheck advise` reads them."""

import base64
import bisect
import bz2
import collections
import csv
import functools
import hashlib
import heapq
import io
import itertools
import json
import lzma
import math
import os
import pickle
import random
import re
import select
import socket
import string
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

LINE = "2031-04-05 12:30:11 worker-07 INFO handled 4711 items in 0.25 s"
BLOCK = b"0123456789abcdef" * 65536


def loop_sum():
    total = 0
    for number in range(200_000):
        total += number
    return total


def loop_branches():
    odd = even = 0
    for number in range(100_000):
        if number % 2:
            odd += number
        else:
            even += 1
    return odd, even


def loop_nested():
    hits = 0
    for left in range(300):
        for right in range(300):
            if (left * right) % 7 == 3:
                hits += 1
    return hits


def loop_triple():
    total = 0
    for one in range(40):
        for two in range(40):
            for three in range(40):
                total += one ^ two ^ three
    return total


def loop_floats():
    value = 0.5
    for _ in range(100_000):
        value = 3.7 * value * (1.0 - value)
    return value


def loop_math_calls():
    total = 0.0
    for number in range(60_000):
        total += math.sin(number) * math.sqrt(number)
    return total


def loop_method_calls():
    found = []
    for number in range(80_000):
        found.append(number)
    return len(found)


def double(value):
    return value * 2


def loop_function_calls():
    total = 0
    for number in range(60_000):
        total += double(number)
    return total


def loop_while_countdown():
    left = 100_000
    while left > 0:
        left -= 1
    return left


def loop_early_exit():
    for number in range(1_000_000):
        if number * number > 10_000_000:
            return number
    return None


def comprehension_list():
    return [number * 3 for number in range(100_000)]


def comprehension_filtered():
    return [number for number in range(100_000) if number % 3 == 0]


def comprehension_dict():
    return {number: str(number) for number in range(50_000)}


def comprehension_set():
    return {number % 1000 for number in range(100_000)}


def comprehension_nested():
    return [[row * column for column in range(200)] for row in range(200)]


def generator_sum():
    return sum(number * number for number in range(100_000))


def generator_any():
    return any(number < 0 for number in range(100_000))


def build_by_join():
    return "".join(str(number) for number in range(50_000))


def build_by_adding():
    text = ""
    for _ in range(50_000):
        text += "x"
    return len(text)


def build_by_format():
    lines = []
    for number in range(30_000):
        lines.append(f"row {number}: {number * 2:08d}")
    return len(lines)


def build_bytes():
    data = bytearray()
    for number in range(50_000):
        data.append(number % 256)
    return len(data)


def split_lines():
    found = 0
    for _ in range(20_000):
        found += len(LINE.split())
    return found


def replace_text():
    text = LINE
    for _ in range(20_000):
        text = LINE.replace("worker", "server")
    return text


def count_letters():
    counts = collections.Counter()
    for _ in range(300):
        counts.update(LINE)
    return counts


def sort_numbers():
    numbers = [(number * 7919) % 100_003 for number in range(60_000)]
    return sorted(numbers)


def sort_by_key():
    numbers = [(number * 7919) % 100_003 for number in range(40_000)]
    return sorted(numbers, key=lambda number: number % 1000)


def sort_in_place():
    numbers = [(number * 104_729) % 65_537 for number in range(50_000)]
    numbers.sort()
    return numbers[0]


def sort_words():
    words = [letter * 3 for letter in string.ascii_letters] * 300
    return sorted(words)


def heap_merge():
    heap = []
    for number in range(30_000):
        heapq.heappush(heap, (number * 31) % 10_007)
    return [heapq.heappop(heap) for _ in range(1000)]


def bisect_insert():
    ordered = []
    for number in range(10_000):
        bisect.insort(ordered, (number * 31) % 10_007)
    return ordered


def regex_search():
    pattern = re.compile(r"worker-(\d+).*?(\d+\.\d+) s")
    hits = 0
    for _ in range(20_000):
        if pattern.search(LINE):
            hits += 1
    return hits


def regex_findall():
    found = []
    for _ in range(5_000):
        found.extend(re.findall(r"\d+", LINE))
    return len(found)


def regex_sub():
    text = ""
    for _ in range(8_000):
        text = re.sub(r"[aeiou]", "*", LINE)
    return text


def json_dump_many():
    size = 0
    for number in range(5_000):
        size += len(json.dumps({"id": number, "tags": ["a", "b"], "ok": True}))
    return size


def json_load_many():
    text = '{"id": 4711, "tags": ["a", "b", "c"], "nested": {"x": 1.5}}'
    total = 0
    for _ in range(8_000):
        total += json.loads(text)["id"]
    return total


def pickle_round_trip():
    total = 0
    for number in range(5_000):
        total += len(pickle.loads(pickle.dumps([number, "text", 1.5])))
    return total


def struct_pack():
    data = b""
    for number in range(30_000):
        data = struct.pack("<IHd", number, 7, 1.5)
    return data


def csv_parse():
    rows = 0
    text = "alpha,beta,gamma\n" * 5_000
    for _ in csv.reader(io.StringIO(text)):
        rows += 1
    return rows


def base64_encode():
    return len(base64.b64encode(BLOCK))


def hash_small():
    state = b"seed"
    for _ in range(30_000):
        state = hashlib.sha256(state).digest()
    return state


def hash_large():
    digest = hashlib.sha256()
    for _ in range(20):
        digest.update(BLOCK)
    return digest.hexdigest()


def hash_password():
    return hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 60_000)


def compress_zlib():
    return len(zlib.compress(BLOCK * 4, 6))


def compress_bz2():
    return len(bz2.compress(BLOCK))


def compress_lzma():
    return len(lzma.compress(BLOCK))


def checksum():
    total = 0
    for _ in range(40):
        total = zlib.crc32(BLOCK, total)
    return total


def fibonacci(number):
    if number < 2:
        return number
    return fibonacci(number - 1) + fibonacci(number - 2)


def recursion_fibonacci():
    return fibonacci(20)


def depth_of(tree):
    return 1 + max((depth_of(branch) for branch in tree), default=0)


def recursion_tree():
    tree = []
    for _ in range(200):
        tree = [tree]
    return depth_of(tree)


@functools.lru_cache(maxsize=None)
def ways(steps):
    return 1 if steps < 2 else ways(steps - 1) + ways(steps - 2)


def recursion_cached():
    return ways(150)


def permute():
    return sum(1 for _ in itertools.permutations(range(8)))


def random_numbers():
    total = 0.0
    for _ in range(60_000):
        total += random.random()
    return total


def shuffle_cards():
    cards = list(range(30_000))
    random.shuffle(cards)
    return cards[0]


def big_power():
    return (3**20_000 * 7**20_000) % 1_000_003


def group_words():
    groups = collections.defaultdict(list)
    for number in range(50_000):
        groups[number % 97].append(number)
    return len(groups)


def sieve():
    is_prime = [True] * 100_000
    for number in range(2, 317):
        if is_prime[number]:
            for multiple in range(number * number, 100_000, number):
                is_prime[multiple] = False
    return sum(is_prime)


def small_add():
    return 2 + 3


def small_text():
    return LINE.upper().split(" ")[0]


def small_dict():
    return {"a": 1, "b": 2}.get("a")


def small_loop():
    return [number for number in range(10)]


def small_math():
    return math.hypot(3.0, 4.0)


def sleep_short():
    time.sleep(0.01)


def sleep_often():
    for _ in range(10):
        time.sleep(0.002)


def sleep_then_compute():
    time.sleep(0.05)
    return sum(range(1000))


def run_process():
    return subprocess.run([sys.executable, "-S", "-c", "pass"], check=True).returncode


def run_and_read():
    return subprocess.check_output([sys.executable, "-S", "-c", "print(1)"])


def file_round_trip():
    with tempfile.TemporaryFile() as file:
        for _ in range(20):
            file.write(BLOCK)
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        return len(file.read())


def file_synced():
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(5):
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())


def answer_late(listener):
    connection, _ = listener.accept()
    time.sleep(0.03)
    connection.sendall(b"late")
    connection.close()


def socket_answer():
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=answer_late, args=(listener,)).start()
    with socket.create_connection(listener.getsockname()) as client:
        return client.recv(10)


def select_timeout():
    left, right = socket.socketpair()
    ready = select.select([left], [], [], 0.02)
    left.close()
    right.close()
    return ready


def event_timeout():
    return threading.Event().wait(0.02)


def condition_timeout():
    condition = threading.Condition()
    with condition:
        return condition.wait(timeout=0.02)


def join_sleeper():
    sleeper = threading.Thread(target=sleep_short)
    sleeper.start()
    sleeper.join()
