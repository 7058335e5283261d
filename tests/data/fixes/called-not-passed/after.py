import threading
from concurrent.futures import ThreadPoolExecutor

seen = []


def note(*values, **named):
    seen.append((values, named))


def tick():
    seen.append("tick")


if __name__ == "__main__":
    threads = [
        threading.Thread(target=note, args=(1, 2)),
        threading.Thread(target=note, args=((3),), name="one"),
        threading.Thread(target=tick),
        threading.Thread(
            target=note,
            args=(
                4,  # the first
                5,
            ),
        ),
        threading.Thread(target=note, kwargs={"y": 6}, daemon=True),
        threading.Timer(0.01, note, args=(*[7],)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ThreadPoolExecutor() as executor:
        executor.submit(note, 8, z=(9))
        executor.submit(tick)
