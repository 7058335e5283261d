def blend(double[:] left, double[:] right):
    with nogil:
        pass
