import threading
import time

done = []


def work(number):
    time.sleep(0.05)
    done.append(number)


def run_all(numbers):
	for number in numbers:
		t = threading.Thread(target=work, args=(number,))
		t.start()
		t.join(5)


def run_and_count(numbers):
    threads = []
    for number in numbers:
        thread = threading.Thread(target=work, args=(number,))
        threads.append(thread)
        thread.start()
        thread.join()
    return len(threads)


def run_made_before(numbers):
    threads = [threading.Thread(target=work, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
        thread.join()


if __name__ == "__main__":
    for number in range(3):
        # One thread a number.
        worker = threading.Thread(target=work, args=(number,))
        worker.start()

        worker.join()  # until it has ended

    run_all(range(3))
    assert run_and_count([3]) == 1
    run_made_before([4])
    assert sorted(done) == [0, 0, 1, 1, 2, 2, 3, 4]
