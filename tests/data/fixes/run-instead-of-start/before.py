import threading


def work():
    assert threading.current_thread() is not threading.main_thread()


if __name__ == "__main__":
    worker = threading.Thread(target=work)
    worker.run()  # in a thread of its own
    worker.join()
