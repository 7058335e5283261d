import math
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pool


def work(number):
    total = 0.0
    for part in range(200_000):
        total += math.sqrt(part * number)
    return total


def all_at_once(numbers):
    with Pool(2) as pool:  # two are enough
        # In one go.
        results = pool.map(work, numbers)
    title = """
sums
"""
    return title, results


def show(numbers):
    with ThreadPoolExecutor() as executor:
        futures = [executor.submit(len, str(number)) for number in numbers]
    print([future.result() for future in futures])


if __name__ == "__main__":
    title, results = all_at_once(range(4))
    assert title == "\nsums\n" and len(results) == 4
    show(range(4))
