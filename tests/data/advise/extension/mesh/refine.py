import threading

try:
    from mesh._kernel import split_all
except ImportError:
    split_all = None


class Grid:
    def __init__(self, cells):
        self.cells = cells

    def __getitem__(self, depth):
        total = 0
        for cell in self.cells:
            for other in self.cells:
                for third in self.cells:
                    total += (cell * other * third) % (depth + 1)
        return total


def refine(chunks):
    for chunk in chunks:
        split_all(chunk)


def look_up(grid, depth):
    return grid[depth]


def run(chunks):
    workers = [
        threading.Thread(target=refine, args=(chunks,)),  # advise: thread native
        threading.Thread(target=look_up, args=(Grid(chunks), 3)),  # advise: thread cpu-bound
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
