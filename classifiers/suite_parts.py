"""Parts of one test run: tools that write a file a class (Maven, Gradle) leave many reports of it in one folder."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from collector.window import NS_PER_S

__all__ = ["join_parts"]

_NEAR_NS = 120 * NS_PER_S  # from the end of one class to the begin of the next
_LEAST = 2
_SUMS = ("cases", "failed", "skipped", "flaky")


def join_parts(runs: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, str]]:
    """Runs (rows of count_test_runs) with such files as one, and the run that each of the others became part of.

    They are of one folder and one import, each is named after its suite, and each began where another one ran or had
    just ended; where no times are told the import alone speaks for it.
    """
    groups: list[list[dict[str, Any]]] = []
    others: list[dict[str, Any]] = []
    for row in runs.iter_rows(named=True):
        if not _is_part(row):
            others.append(row)
            continue
        near = next((group for group in groups if _goes_on(group, row)), None)
        if near is None:
            groups.append([row])
        else:
            near.append(row)
    into = {row["run"]: group[0]["run"] for group in groups for row in group[1:]}
    if not into:
        return runs, {}
    told = [*others, *(_whole(group) for group in groups)]
    return pl.DataFrame(told, schema=runs.schema).sort("at_ns", "run"), into


def _is_part(row: dict[str, Any]) -> bool:
    """The file has the name of its suite, or of the class that this is."""
    stem = _file(row["location"])[1].rpartition(".")[0]
    own = str(row["name"])
    return bool(own) and (stem == own or stem.endswith((f"-{own}", f".{own}")))


def _goes_on(group: Sequence[dict[str, Any]], row: dict[str, Any]) -> bool:
    first = group[0]
    if first["batch"] != row["batch"] or _file(first["location"])[0] != _file(row["location"])[0]:
        return False
    if row["name"] in {one["name"] for one in group}:
        return False  # the class ran again: another run
    if first["at_ns"] is None or row["at_ns"] is None:
        return first["at_ns"] is None and row["at_ns"] is None
    ended = max(max(one["at_ns"], one["end_ns"] or 0) for one in group)
    return bool(row["at_ns"] <= ended + _NEAR_NS)  # they come by when they began


def _whole(group: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The run that these are parts of; named after what their names have in common."""
    if len(group) < _LEAST:
        return group[0]
    ends = [one["end_ns"] for one in group if one["end_ns"] is not None]
    folder = _file(group[0]["location"])[0]
    return {
        **group[0],
        "name": _common([str(one["name"]) for one in group]) or folder.rpartition("/")[2],
        "location": folder or group[0]["location"],
        "is_zoned": all(one["is_zoned"] for one in group),
        "end_ns": max(ends, default=None),
        **{name: sum(one[name] for one in group) for name in _SUMS},
    }


def _common(names: Sequence[str]) -> str:
    """`com.acme.shop` of `com.acme.shop.CartTest` and `com.acme.shop.pay.CardTest`; "" where they share nothing."""
    parts = [name.split(".") for name in names]
    shared = []
    for column in zip(*parts, strict=False):
        if len(set(column)) > 1:
            break
        shared.append(column[0])
    return ".".join(shared)


def _file(location: str) -> tuple[str, str]:
    """Folder and name of a file."""
    folder, _, name = location.replace("\\", "/").rpartition("/")
    return folder, name
