from concurrent.futures import ThreadPoolExecutor


def names(paths):
    with ThreadPoolExecutor() as executor:
        # concheck: ignore[CC801]
        found = list(executor.map(str, paths))  # concheck: ignore[CC901] nobody needs the results
        return found  # noqa: E501, CC702


if __name__ == "__main__":
    assert names([1]) == ["1"]
