from concurrent.futures import ThreadPoolExecutor


def check(number):
    if number > 2:
        raise ValueError(number)
    return number


if __name__ == "__main__":
    try:
        with ThreadPoolExecutor() as executor:
            list(executor.map(check, [1]))
            list(
                executor.map(
                    check,
                    range(5),
                )
            )  # all of them
    except ValueError:
        print("seen")
