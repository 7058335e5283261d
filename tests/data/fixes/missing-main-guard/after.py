"""A script without a guard."""

import math
from multiprocessing import Pool

LIMIT = 4


def work(number):
    total = 0.0
    for part in range(200_000):
        total += math.sqrt(part * number)
    return total


if __name__ == "__main__":
    # Everything that is to be done.
    numbers = []
    for number in range(LIMIT):
        numbers.append(number)
    with Pool(2) as pool:
        results = pool.map(work, numbers)

    text = """
first
  second
"""
    print(text, len(results))  # the end
# no more
