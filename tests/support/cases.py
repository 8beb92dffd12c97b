"""Builders of cases: failures of one service on a grid of minutes, without a store."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from classifiers.cases import Case
from classifiers.config import OnsetConfig
from classifiers.exposure import Grid, Timeline
from classifiers.onset import find_onset

__all__ = ["MINUTE_NS", "case", "grid", "keyed"]

MINUTE_NS = 60_000_000_000


def grid(per_minute: dict[str, list[float]] | None = None, *, minutes: int = 240, **steady: float) -> Grid:
    """Requests per minute of each revision: a list of them, or one number for all minutes."""
    spread = {name: np.full(minutes, value, dtype=np.float64) for name, value in steady.items()}
    spread |= {name: np.array(counts, dtype=np.float64) for name, counts in (per_minute or {}).items()}
    return Grid(Timeline.over(0, minutes * MINUTE_NS), "requests", spread)


def case(exposed: Grid, failures: list[tuple[float, str]], **changes: Any) -> Case:
    """A case that failed at these minutes on these revisions, each in a trace of its own."""
    failures = sorted(failures)
    times = np.array([round(minute * MINUTE_NS) for minute, _ in failures], dtype=np.int64)
    settings: dict[str, Any] = {
        "cluster_id": "c1", "project": "p", "service": "orders", "title": "price is missing", "kind": "message",
        "parts": "{}", "signature_ids": ("s1",), "severity": 17, "http_status": None, "occurrences": len(failures),
        "entries": len(failures), "in_window": len(failures), "times_ns": times,
        "revisions": [revision for _, revision in failures],
        "traces": [f"{number:032x}" for number in range(len(failures))], "origins": {"users": len(failures)},
        "met_ns": {}, "routes": ("GET /a",), "clients": 1, "borrowed": 0.0, "spared": 0.0, "grid": exposed,
        "fit": find_onset(times, exposed, OnsetConfig()),
    }  # fmt: skip
    made = Case(**(settings | changes))
    return made if "met_ns" in changes else keyed(made, made.traces)


def keyed(made: Case, traces: Sequence[str | None]) -> Case:
    """The same case, its units failed in these traces."""
    made.traces = list(traces)
    met = zip(made.traces, made.times_ns.tolist(), strict=True)
    made.met_ns = {trace: when for trace, when in met if trace is not None}
    return made
