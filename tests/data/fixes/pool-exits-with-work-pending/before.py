import time
from multiprocessing.pool import ThreadPool

done = []


def work(number):
    time.sleep(0.05)
    done.append(number)


def print_error(error):
    print("failed", error)


def run_all(numbers):
    with ThreadPool(2) as pool:
        for number in numbers:
            pool.apply_async(work, (number,), error_callback=print_error)
            # The pool takes its time.


def run_both(first, second):
	with ThreadPool(2) as workers:
		workers.map_async(work, first, error_callback=print_error)
		workers.map_async(work, second, error_callback=print_error)  # and these


if __name__ == "__main__":
    run_all([1, 2, 3])
    run_both([4], [5, 6])
    print(sorted(done))
