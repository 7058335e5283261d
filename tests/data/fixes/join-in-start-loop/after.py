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
    assert sorted(done) == [0, 0, 1, 1, 2, 2]
