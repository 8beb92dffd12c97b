"""Trials: what was tried and how it came out, as the case of one subject, so that silence is judged as failures are.

What comes in: rows of one subject, a trial each: a request of one operation and whether it was slow, a trigger and
whether its event was missing, an event and whether it was hollow. What goes out: a Case, whose units are the bad trials
and whose exposure are all of them. Onset, attribution and its rivals take it as they take any cluster.
"""

import hashlib
from collections import Counter
from typing import Literal

import numpy as np
import orjson
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.config import OnsetConfig
from classifiers.confined import with_first_revision
from classifiers.exposure import Grid, Timeline
from classifiers.onset import find_onset

__all__ = ["TRIAL_SCHEMA", "Subject", "trial_case"]

# One trial. `trace` names the trial wherever it is known: its trace, else `request:` and the id of its line.
TRIAL_SCHEMA = pl.Schema(
    {
        "revision": pl.String(),
        "at_ns": pl.Int64(),
        "trace": pl.String(),
        "origin": pl.String(),  # users, tests, unknown, ...: see origin.py
        "is_bad": pl.Boolean(),
    }
)
_ERROR = 17  # severity that a case without entries is judged with


class Subject(Struct, frozen=True):
    """What the trials are of. `title` tells what is wrong in a few words; `text` is all that it says of its cause.

    `name` is the operation or event, `part` the field of a hollow event.
    """

    kind: Literal["slow", "hung", "absent", "hollow", "flow"]
    project: str
    service: str
    name: str
    title: str
    part: str = ""
    text: str = ""

    @property
    def id(self) -> str:
        """A stable id, from kind, project, service and names."""
        content = orjson.dumps([self.kind, self.project, self.service, self.name, self.part])
        return hashlib.blake2b(content, digest_size=8).hexdigest()


def trial_case(
    subject: Subject, trials: pl.DataFrame, *, timeline: Timeline, start_ns: int, config: OnsetConfig,
    unit: Literal["requests", "traces"] = "traces",
) -> Case | None:  # fmt: skip
    """The case of a subject's bad trials (TRIAL_SCHEMA) against all of them; None where none is bad.

    `in_window` counts bad trials from start_ns on; `unit` is what a trial is.
    """
    bad = trials.filter("is_bad")
    if not bad.height:
        return None
    grid = Grid(timeline, unit, _spread(trials, timeline))
    return bad_case(subject, bad, grid, start_ns=start_ns, config=config)


def bad_case(subject: Subject, bad: pl.DataFrame, grid: Grid, *, start_ns: int, config: OnsetConfig) -> Case:
    """The case of bad trials, at least one (revision, at_ns, trace, origin), against all that a grid counts."""
    bad = bad.sort("at_ns", "revision", "trace")
    times: NDArray[np.int64] = bad["at_ns"].to_numpy()
    revisions = bad["revision"].to_list()
    keys = bad["trace"].to_list()
    fit = find_onset(times, grid, config, is_share=True)
    fit = with_first_revision(fit, times, revisions, grid, config)
    met: dict[str, int] = {}
    for key, at_ns in zip(keys, times.tolist(), strict=True):
        if key:
            met.setdefault(key, at_ns)
    return Case(
        cluster_id=subject.id,
        project=subject.project,
        service=subject.service,
        title=subject.title,
        kind=subject.kind,
        parts=orjson.dumps({"text": subject.text}).decode(),
        signature_ids=(subject.id,),
        severity=_ERROR,
        http_status=None,
        occurrences=bad.height,
        entries=0,
        in_window=int((times >= start_ns).sum()),
        times_ns=times,
        revisions=revisions,
        traces=keys,
        met_ns=met,
        origins=dict(sorted(Counter(bad["origin"].fill_null("unknown").to_list()).items())),
        routes=(),
        clients=0,
        borrowed=0.0,
        spared=0.0,
        grid=grid,
        fit=fit,
    )


def _spread(trials: pl.DataFrame, timeline: Timeline) -> dict[str, NDArray[np.float64]]:
    """Trials per revision and bin."""
    bins = timeline.bin_of(trials["at_ns"].to_numpy())
    names = trials["revision"].fill_null("").to_numpy()
    return {
        name: np.bincount(bins[names == name], minlength=timeline.bins).astype(np.float64)
        for name in sorted(set(names.tolist()))
    }
