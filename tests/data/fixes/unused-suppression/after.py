from concurrent.futures import ThreadPoolExecutor


def names(paths):
    with ThreadPoolExecutor() as executor:
        found = list(executor.map(str, paths))
        return found  # noqa: E501


if __name__ == "__main__":
    assert names([1]) == ["1"]
