"""Links of failures of which no trace can tell: by their order in one instance, by their minutes, by how they began.

Such a link is inferred and always says so.
"""

from collections.abc import Sequence

import numpy as np
import orjson
import polars as pl

from classifiers.cases import Case
from classifiers.links import CascadeConfig, Link
from classifiers.suspects import CallGraph

__all__ = ["ONSET_SLACK_NS", "is_mild", "links_without_traces", "names_it"]

_SERVER_ERROR = 500
_WARNING, _ERROR = 13, 17
_FEW = 2  # coincidences in an instance, below which order says nothing
ONSET_SLACK_NS = 120_000_000_000
_WITHIN_NS = 3_000_000_000  # of one instance, for failures without a trace
_BOOT_NS = 30_000_000_000  # ... while it starts, when one step waits for another in vain
_AROUND_NS = 120_000_000_000


def links_without_traces(
    symptom: Case, cases: Sequence[Case], rows: pl.DataFrame, calls: CallGraph, config: CascadeConfig
) -> list[Link]:
    """Causes of which no trace can tell, because one of the two has none.

    `rows` are those of find_failures with their cluster_id.
    """
    links = []
    for cause in cases:
        is_apart = cause is symptom or cause.project != symptom.project or (cause.is_traced and symptom.is_traced)
        if is_apart or cause.is_request_only or cause.fit.at_ns > symptom.fit.at_ns + ONSET_SLACK_NS:
            continue
        if cause.service != symptom.service:
            link = _by_onset(cause, symptom, calls, config)
        elif is_mild(cause) and not is_mild(symptom):
            link = None
        else:
            link = _by_instance(cause, symptom, rows, config) or _by_revision(cause, symptom, config)
        if link:
            links.append(link)
    return links


def is_mild(case: Case) -> bool:
    """A warning, which does not explain an error that merely follows it."""
    return case.kind != "platform" and _WARNING <= case.severity < _ERROR


def _by_instance(cause: Case, symptom: Case, rows: pl.DataFrame, config: CascadeConfig) -> Link | None:
    """The cause shortly before in the same instance, and nearer or far more often before than after."""
    if symptom.is_request_only:
        return None
    theirs, mine = _places(rows, cause), _places(rows, symptom)
    for within_ns in (_WITHIN_NS, _BOOT_NS):
        before, after = _lags(mine, theirs, within_ns), _lags(theirs, mine, within_ns)
        if before.len() < max(_FEW, config.share * mine.height):
            continue
        lag = int(before.median() or 0)  # type: ignore[arg-type] # of an integer column
        back = int(after.median() or 0)  # type: ignore[arg-type] # of an integer column
        is_first = (
            after.len() < before.len() or back >= lag if within_ns == _WITHIN_NS else 2 * after.len() < before.len()
        )
        if names_it(symptom, cause):
            return None
        if is_first or names_it(cause, symptom):
            return Link(
                symptom.cluster_id, cause.cluster_id, before.len() / mine.height, before.len(), lag, "instances"
            )
    met = _lags(theirs, mine, _WITHIN_NS)
    if names_it(cause, symptom) and met.len() >= config.share * mine.height > 0:
        share = min(1.0, met.len() / mine.height)
        return Link(symptom.cluster_id, cause.cluster_id, share, met.len(), 0, "instances")
    return None


def names_it(cause: Case, symptom: Case) -> bool:
    """The symptom's line holds the text of the exception that is the cause, which it does not throw itself."""
    thrown, line = orjson.loads(cause.parts), orjson.loads(symptom.parts)
    value = str(thrown.get("value") or "")
    is_thrown = bool(thrown.get("frames") or thrown.get("chain"))
    is_line = not (line.get("frames") or line.get("chain"))
    return is_thrown and is_line and len(value.split()) > 1 and value in str(line.get("message") or "")


def _places(rows: pl.DataFrame, case: Case) -> pl.DataFrame:
    own = rows.filter((pl.col("cluster_id") == case.cluster_id) & (pl.col("instance") != ""))
    return (
        own.filter((pl.col("log") != "requests") | case.is_request_only)  # the time of a request is its start
        .select("instance", "first_ns")
        .sort("first_ns", "instance")
    )


def _lags(mine: pl.DataFrame, theirs: pl.DataFrame, within_ns: int) -> pl.Series:
    """For each of mine that has one of theirs at most so long before in its instance: how long before."""
    met = mine.join_asof(
        theirs.with_columns(other_ns="first_ns"),
        on="first_ns",
        by="instance",
        strategy="backward",
        check_sortedness=False,
    )
    return met.select(lag=pl.col("first_ns") - pl.col("other_ns")).filter(pl.col("lag") <= within_ns)["lag"]


def _by_revision(cause: Case, symptom: Case, config: CascadeConfig) -> Link | None:
    """Requests that fail on just the revisions, and in just the minutes, in which the cause occurs."""
    if not symptom.is_request_only or (symptom.http_status or 0) < _SERVER_ERROR:
        return None
    if not set(symptom.revisions) <= set(cause.revisions):
        return None
    return _around(cause, symptom, "revisions", config)


def _by_onset(cause: Case, symptom: Case, calls: CallGraph, config: CascadeConfig) -> Link | None:
    """A refusal by the called service, never seen before, that began with the failure of the calling one."""
    is_side = is_mild(cause) and not is_mild(symptom) and calls.reaches(symptom.service, cause.service)
    is_clear = cause.fit.is_change and symptom.fit.is_change and not cause.fit.failures_before
    if not (is_side and is_clear and cause.fit.began_with(symptom.fit)):
        return None
    return _around(cause, symptom, "onset", config)


def _around(cause: Case, symptom: Case, kind: str, config: CascadeConfig) -> Link | None:
    """A link when the cause occurs within minutes of most failures."""
    places = np.searchsorted(cause.times_ns, symptom.times_ns)
    before = np.abs(symptom.times_ns - cause.times_ns[np.maximum(places - 1, 0)])
    after = np.abs(symptom.times_ns - cause.times_ns[np.minimum(places, cause.units - 1)])
    near = int((np.minimum(before, after) <= _AROUND_NS).sum())
    if near < config.share * symptom.units:
        return None
    lag = int(np.median(np.minimum(before, after)))
    return Link(symptom.cluster_id, cause.cluster_id, near / symptom.units, near, lag, kind)
