"""Links of failures of which no trace can tell: by their order in one instance, by their minutes, by how they began.

So does what a failure says: which service it called. Such a link is inferred and always says so.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from classifiers.cases import Case
from classifiers.company import chance_of
from classifiers.config import CascadeConfig
from classifiers.instance_order import (
    BOOT_NS,
    ONSET_SLACK_NS,
    Places,
    is_mild,
    is_of_starts,
    is_straight_behind,
    lags_of,
    links_in_part,
    links_of_exit,
)
from classifiers.links import Link
from classifiers.suspects import CallGraph

__all__ = ["AT_ONCE_NS", "around", "links_without_traces", "names_it", "services_named"]

_SERVER_ERROR = 500
_FEW = 2  # coincidences in an instance, below which order says nothing
_SOME = 5  # ... where some of its failures were without
_WITHIN_NS = 3_000_000_000  # of one instance, for failures without a trace
AT_ONCE_NS = 100_000_000  # of one instance, for what happened once: one step after the other
_WORDS = 2  # in common that few other failures have, for what happened once
_AROUND_NS = 120_000_000_000
_EVIDENCE = 5.0  # log of how unlikely a failure would meet those of the named service by chance


def links_without_traces(
    symptom: Case,
    cases: Sequence[Case],
    places: Mapping[str, Places],
    before: Collection[str],
    calls: CallGraph,
    config: CascadeConfig,
) -> list[Link]:
    """Causes of which no trace can tell, because one of the two has none.

    places: see find_places. before: of what failed once, which cases did at most AT_ONCE_NS before (see find_before).
    """
    links = []
    called = services_named(symptom, cases)
    for cause in cases:
        is_later = cause.fit.at_ns > symptom.fit.at_ns + ONSET_SLACK_NS
        if cause is symptom or cause.project != symptom.project or is_later:
            continue
        if cause.service in called and (link := _by_name(cause, symptom, config)):
            links.append(link)
            continue
        if cause.is_request_only or (cause.is_traced and symptom.is_traced):
            continue
        if cause.service != symptom.service:
            link = _by_onset(cause, symptom, calls, config)
        elif is_mild(cause) and not is_mild(symptom):
            link = None
        else:
            link = _by_instance(cause, symptom, places, config) or _by_revision(cause, symptom, config)
        if link is None and cause.service == symptom.service and cause.cluster_id in before:
            link = _by_words(cause, symptom, places, cases)
        if link:
            links.append(link)
    if links:
        return links
    by_id = {one.cluster_id: one for one in cases}
    part = [one for one in links_in_part(symptom, cases, places) if not names_it(symptom, by_id[one.cause])]
    return part or links_of_exit(symptom, cases, places)


def services_named(symptom: Case, cases: Sequence[Case]) -> set[str]:
    """The other services that the failure names, by themselves or as the beginning of a host."""
    text = f"{symptom.title} {symptom.parts}"
    # a pattern of a few names is made in a hundredth of the time of one of all
    names = {case.service for case in cases if case.service and case.service in text} - {symptom.service}
    if not names or symptom.is_request_only:
        return set()
    longest_first = "|".join(map(re.escape, sorted(names, key=lambda name: (-len(name), name))))
    return set(re.findall(rf"(?<![\w-])(?:{longest_first})(?![A-Za-z0-9_])", text))


def _by_instance(cause: Case, symptom: Case, places: Mapping[str, Places], config: CascadeConfig) -> Link | None:
    """The cause shortly before in the same instance, and nearer or far more often before than after."""
    if symptom.is_request_only:
        return None
    theirs, mine = places[cause.cluster_id], places[symptom.cluster_id]
    height = sum(map(len, mine.values()))
    if theirs.keys().isdisjoint(mine) or (height < _FEW and not names_it(cause, symptom)):
        return None
    windows = (_WITHIN_NS, BOOT_NS) if is_of_starts(mine) and is_of_starts(theirs) else (_WITHIN_NS,)
    for within_ns in windows:
        before, after = lags_of(mine, theirs, within_ns), lags_of(theirs, mine, within_ns)
        least = _FEW if len(before) == height or names_it(cause, symptom) else _SOME
        if len(before) < max(least, config.share * height):
            continue
        lag, back = int(np.median(before)), int(np.median(after)) if len(after) else 0
        is_first = len(after) < len(before) or back >= lag if within_ns == _WITHIN_NS else 2 * len(after) < len(before)
        if names_it(symptom, cause):
            return None
        if is_first or names_it(cause, symptom):
            return Link(symptom.cluster_id, cause.cluster_id, len(before) / height, len(before), lag, "instances")
    met = len(lags_of(theirs, mine, _WITHIN_NS))
    if met >= config.share * height > 0 and names_it(cause, symptom):
        return Link(symptom.cluster_id, cause.cluster_id, min(1.0, met / height), met, 0, "instances")
    return None


def _by_words(cause: Case, symptom: Case, places: Mapping[str, Places], cases: Sequence[Case]) -> Link | None:
    """Of what happened once: the one straight before in the same instance, that speaks of the same or is very near."""
    if symptom.is_request_only:
        return None
    theirs = places[cause.cluster_id]
    lags = lags_of(places[symptom.cluster_id], theirs, AT_ONCE_NS).tolist()
    if lags[0] == 0 and cause.cluster_id > symptom.cluster_id:
        return None
    if is_straight_behind(symptom, lags[0], cases, places):
        return Link(symptom.cluster_id, cause.cluster_id, 1.0, 1, lags[0], "instances")
    if sum(map(len, theirs.values())) > 1:
        return None
    words = [one.words for one in cases if one.service == symptom.service]
    common = [word for word in cause.words & symptom.words if 2 * sum(word in told for told in words) <= len(words)]
    if len(common) < _WORDS:
        return None
    return Link(symptom.cluster_id, cause.cluster_id, 1.0, 1, lags[0], "instances")


def names_it(cause: Case, symptom: Case) -> bool:
    """The symptom's line holds the text of the exception that is the cause, which it does not throw itself."""
    return bool(cause.thrown) and cause.thrown in symptom.line


def _by_revision(cause: Case, symptom: Case, config: CascadeConfig) -> Link | None:
    """Requests that fail on just the revisions, and in just the minutes, in which the cause occurs."""
    if not symptom.is_request_only or (symptom.http_status or 0) < _SERVER_ERROR:
        return None
    if not set(symptom.revisions) <= set(cause.revisions):
        return None
    return around(cause, symptom, "revisions", config)


def _by_onset(cause: Case, symptom: Case, calls: CallGraph, config: CascadeConfig) -> Link | None:
    """A refusal by the called service, never seen before, that began with the failure of the calling one."""
    is_side = is_mild(cause) and not is_mild(symptom) and calls.reaches(symptom.service, cause.service)
    is_clear = cause.fit.is_change and symptom.fit.is_change and not cause.fit.failures_before
    if not (is_side and is_clear and cause.fit.began_with(symptom.fit)):
        return None
    return around(cause, symptom, "onset", config)


def _by_name(cause: Case, symptom: Case, config: CascadeConfig) -> Link | None:
    """A failure of the service that the symptom says it called, in the very moments of most of the symptom's.

    Of requests that hang, whose time is their start, it is enough that both began at once.
    """
    if is_mild(cause) or cause.met_ns.keys() & symptom.met_ns.keys():
        return None
    link = around(cause, symptom, "named", config, _WITHIN_NS)
    if link and link.shared * math.log(1 / chance_of(cause.times_ns, cause.grid.timeline, _WITHIN_NS)) >= _EVIDENCE:
        return link
    return around(cause, symptom, "named", config) if cause.fit.began_with(symptom.fit) else None


def around(
    cause: Case, symptom: Case, kind: str, config: CascadeConfig, around_ns: int = _AROUND_NS
) -> Link | None:  # fmt: skip
    """A link when the cause occurs within minutes, or so much, of most failures."""
    places = np.searchsorted(cause.times_ns, symptom.times_ns)
    before = np.abs(symptom.times_ns - cause.times_ns[np.maximum(places - 1, 0)])
    after = np.abs(symptom.times_ns - cause.times_ns[np.minimum(places, cause.units - 1)])
    near = int((np.minimum(before, after) <= around_ns).sum())
    if near < config.share * symptom.units:
        return None
    lag = int(np.median(np.minimum(before, after)))
    return Link(symptom.cluster_id, cause.cluster_id, near / symptom.units, near, lag, kind)
