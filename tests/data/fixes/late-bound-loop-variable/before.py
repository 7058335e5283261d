import threading
import time

seen = []


def note(*values):
    time.sleep(0.05)
    seen.append(values)


def main():
    threads = []
    for number in range(3):
        text = f"number {number}"
        thread = threading.Thread(target=lambda: note(number, text))
        thread.start()
        threads.append(thread)
    for number in range(3):

        def later(pause):
            time.sleep(pause)
            note(number)

        thread = threading.Thread(target=later, args=(0.05,))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    assert sorted(map(str, seen)) == [
        "(0, 'number 0')",
        "(0,)",
        "(1, 'number 1')",
        "(1,)",
        "(2, 'number 2')",
        "(2,)",
    ], seen


if __name__ == "__main__":
    main()
