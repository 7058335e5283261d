import threading
import time

done = []


def work(number):
    time.sleep(0.05)
    done.append(number)


def run_all(numbers):
	workers = []
	for number in numbers:
		t = threading.Thread(target=work, args=(number,))
		t.start()
		workers.append(t)
	for t in workers:
		t.join(5)


def run_and_count(numbers):
    threads = []
    for number in numbers:
        thread = threading.Thread(target=work, args=(number,))
        threads.append(thread)
        thread.start()
    for thread in threads:
        thread.join()
    return len(threads)


def run_made_before(numbers):
    threads = [threading.Thread(target=work, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    workers = []
    for number in range(3):
        # One thread a number.
        worker = threading.Thread(target=work, args=(number,))
        worker.start()

        workers.append(worker)
    for worker in workers:
        worker.join()  # until it has ended

    run_all(range(3))
    assert run_and_count([3]) == 1
    run_made_before([4])
    assert sorted(done) == [0, 0, 1, 1, 2, 2, 3, 4]
