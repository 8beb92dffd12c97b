"""Counts of all operations in one pass: each is judged by its own rows alone."""

import numpy as np
import polars as pl

from classifiers.latency_reading import _Cells
from classifiers.latency_shift import least_gain

_SLOW, _FAST = 60, 40  # buckets


def _rows(operation: int, revision: int, *, slower_from: int, many: int) -> list[tuple[int, int, str, int, int, int]]:
    return [
        (operation, revision, "user", at, bucket, share)
        for at in range(20)
        for bucket, share in ((_FAST, many), (_SLOW, many if at >= slower_from else 1))
    ]


def test_operations_beside_each_other_are_told_apart() -> None:
    columns = ("operation_id", "revision_id", "origin", "bin", "bucket", "requests")
    rows = [
        *_rows(0, 0, slower_from=20, many=30),
        (1, 1, "user", 3, _SLOW, 1),  # asked too rarely to be looked at
        *_rows(2, 2, slower_from=12, many=30),
        *_rows(3, 3, slower_from=20, many=30), *_rows(3, 4, slower_from=0, many=30),
    ]  # fmt: skip
    cells = _Cells.of(pl.DataFrame(rows, columns, orient="row"), 5)

    shifts = cells.shifts(np.array([0, 2, 3]), least_gain(3))

    told = [None if one is None else (one.first, one.last, one.revision) for one in shifts]
    assert told == [None, (12, 19, None), (0, 19, 1)]
