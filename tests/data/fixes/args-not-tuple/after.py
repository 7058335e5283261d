"""Several hand-overs whose arguments are no tuples."""

import threading
from multiprocessing.pool import ThreadPool

seen = []


def note(value):
    seen.append(value)


if __name__ == "__main__":
    threads = [threading.Thread(target=note, args=("Ada",)), threading.Thread(target=note, args=(5,))]
    threads.append(threading.Thread(target=note, args=((("x") + "y",))))
    threads.append(
        threading.Thread(
            target=note,
            args=(  # the only one
                "Bob",  # a name
            ),
        )
    )
    threads.append(threading.Thread(target=note, args=(7,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ThreadPool(2) as pool:
        pool.apply_async(note, ("Cy",)).get()
    assert sorted(map(str, seen)) == ["5", "7", "Ada", "Bob", "Cy", "xy"], seen
