"""Instances: when each one started, and how much of what could have failed went through those started in some time.

Cloud Run reads secrets that are environment variables when an instance starts. What is new there breaks the instances
started since, of whatever revision, and leaves those alone that run already.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.rivals import Split, parted

__all__ = ["Instances"]

_KNOWN = 0.7  # of the failures of a case must be known to have come from an instance
_MINUTE_NS = 60_000_000_000

_EXACT = 1.0  # unit that estimated exposure may be beside the truth


class Instances:
    """The instances of some services over one history."""

    def __init__(self, frame: pl.DataFrame, failures: pl.DataFrame) -> None:
        """Frame of count_instance_requests, and the rows of find_failures."""
        self._failures = failures
        self._own = {
            (str(key[0]), str(key[1])): rows
            for key, rows in frame.partition_by("project", "service", as_dict=True).items()
        }

    def started(self, case: Case, since_ns: int, until_ns: int) -> Split | None:
        """The case parted by whether an instance of its service started in [since_ns, until_ns).

        None where instances are not known, or none started in that time.
        """
        rows = self._own.get((case.project, case.service))
        if rows is None:
            return None
        is_new = rows["first_ns"].is_between(since_ns, until_ns, closed="left")
        names = self.failed_on(case)
        if not is_new.any() or len(names) < _KNOWN * case.units:
            return None
        fresh = set(rows.filter(is_new)["instance"])
        share = _share(rows, is_new.to_numpy(), since_ns, _column(case))
        since = int(case.grid.timeline.bin_of(np.array([since_ns]))[0])
        exposed = float(case.held.total[since:].sum()) * share
        failed = sum(name in fresh for name in names)
        return parted(case, failed, exposed if exposed >= failed + _EXACT else failed)  # of a share: not to the unit

    def older(self, case: Case, since_ns: int) -> tuple[int, float]:
        """Failures, and exposure, since an instant of instances that were running before it."""
        rows = self._own[case.project, case.service]
        is_new = rows["first_ns"] >= since_ns
        old = set(rows.filter(~is_new)["instance"])
        since = int(case.grid.timeline.bin_of(np.array([since_ns]))[0])
        share = 1.0 - _share(rows, is_new.to_numpy(), since_ns, _column(case))
        failed = sum(name in old for name in self.failed_on(case, since_ns))
        return failed, max(float(case.held.total[since:].sum()) * share, float(failed))

    def failed_on(self, case: Case, since_ns: int = 0) -> list[str]:
        """The instance of each unit that failed from an instant on, where it is known."""
        is_own = (pl.col("project") == case.project) & (pl.col("service") == case.service)
        is_case = is_own & pl.col("signature_id").is_in(case.signature_ids) & (pl.col("instance") != "")
        rows = self._failures.filter(is_case).with_columns(trace=pl.coalesce("trace", "borrowed")).sort("first_ns")
        if case.is_counted:
            known = rows.filter(pl.col("trace").is_not_null()).unique("trace", keep="first", maintain_order=True)
            names = dict(known.select("trace", "instance").iter_rows())
            units = zip(case.traces, case.times_ns.tolist(), strict=True)
            return [names[key] for key, when in units if when >= since_ns and key in names]
        minute = pl.col("first_ns") // _MINUTE_NS
        minutes = rows.filter(pl.col("first_ns") >= since_ns).select("revision", "instance", minute=minute).unique()
        return minutes["instance"].sort().to_list()


def _share(rows: pl.DataFrame, is_asked: NDArray[np.bool_], since_ns: int, column: str) -> float:
    """Share that some instances have of all that was asked since an instant; each is taken to be asked evenly."""
    many = rows[column].to_numpy().astype(np.float64)
    first, last = rows["first_ns"].to_numpy(), rows["last_ns"].to_numpy()
    left = np.clip((last - np.maximum(first, since_ns)) / np.maximum(last - first, 1), 0.0, 1.0)
    since = many * np.where(first >= since_ns, 1.0, left)
    whole = float(since.sum())
    return float(since[is_asked].sum()) / whole if whole > 0 else 0.0


def _column(case: Case) -> str:
    return "requests" if case.grid.unit == "requests" else "minutes"
