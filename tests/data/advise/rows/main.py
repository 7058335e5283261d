import multiprocessing

import numpy as np


def relax(vector, matrix):
    return np.exp(np.dot(vector, matrix))


def settle(documents, matrix, rounds):
    sums = []
    for document in documents:
        vector = document
        for _ in range(rounds):
            earlier = vector
            vector = relax(vector, matrix)
            if np.sum(np.abs(vector - earlier)) < 1e-3:
                break
        sums.append(vector)
    return sums


def transform(matrix):
    return np.linalg.svd(matrix)


if __name__ == "__main__":
    batches = [np.load(f"part{index}.npy") for index in range(8)]
    jobs = [(batch, np.load("model.npy"), 50) for batch in batches]
    with multiprocessing.Pool() as pool:
        print(pool.starmap(settle, jobs))  # advise: process cpu-bound
        print(pool.map(transform, batches))  # advise: process native
