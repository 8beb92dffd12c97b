"""Each way to count what a claim names: in entries and in requests, by text, by status and by cluster."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from classifiers.claims.matching import Ground, Target, errors_target, of_clusters, places_of, targets_of
from classifiers.claims.records import Answer, Claim, Mark, Subject
from classifiers.claims.rows import Rows, Scope
from classifiers.findings import Cluster
from collector.replacing import replace

__all__ = [
    "Measure",
    "answer_of",
    "is_known",
    "measures_of",
    "measures_of_all",
    "merged",
    "sure_clusters",
    "unknown_names",
]


class Measure(Struct, frozen=True):
    """One way to count a claim: in what unit, how many, of how many, with its rows."""

    told: str
    value: float
    of: int
    rows: Rows
    is_sure: bool
    is_plain: bool = True  # counts what the text names, not all that belongs to it


def measures_of(claim: Claim, ground: Ground, scope: Scope) -> Iterable[Measure]:
    """Each way to count what a claim names, the plainest first."""
    subject = claim.subject
    is_named = bool(subject.texts or subject.statuses or subject.events)
    found = targets_of(subject, ground) if is_named else _weak(claim, ground, scope)
    every = ground.exposure(scope)
    asked, logged = every.sum("requests"), every.sum("entries")
    for target in found:
        rows = target.rows(ground, scope)
        if target.is_request:
            yield Measure(target.told, rows.sum("entries"), asked, rows, target.is_sure)
        else:
            requests = Measure(f"requests with {target.told}", rows.sum("requests"), asked, rows, target.is_sure)
            entries = Measure(target.told, rows.sum("entries"), logged, rows, target.is_sure)
            yield from (requests, entries) if claim.unit == "requests" else (entries, requests)
    for cluster in sure_clusters(found):
        yield from _of_cluster(cluster, ground, scope, asked=asked, logged=logged)


def _of_cluster(cluster: Cluster, ground: Ground, scope: Scope, *, asked: int, logged: int) -> Iterable[Measure]:
    """All that belongs to a failure, of which what is named is one line; none where it has no rows in the scope."""
    target = of_clusters([cluster])
    rows = target.rows(ground, scope)
    if rows.frame.is_empty():
        return
    ways: list[tuple[str, int, int]] = [
        ("entries", rows.sum("entries"), logged),
        ("requests", rows.sum("requests"), asked),
    ]
    if scope == Scope(ground.window):
        ways += [("failures", cluster.occurrences, logged), (cluster.onset.unit, cluster.units, asked)]
    for unit, many, of in ways:
        yield Measure(f"{unit} of {target.told}", many, of, rows, is_sure=True, is_plain=False)


def measures_of_all(claim: Claim, ground: Ground, scope: Scope) -> Iterable[Measure]:
    """Everything that was asked or logged."""
    routes = claim.subject.routes
    if routes:
        rows = targets_of(claim.subject, ground)[0].rows(ground, scope)
        yield Measure(
            f"requests to {routes[0]}", rows.sum("entries"), ground.exposure(scope).sum("requests"), rows, is_sure=True
        )
        return
    rows = ground.exposure(scope)
    names = (claim.unit,) if claim.unit == "entries" else ("requests", "entries")
    for name in names:
        yield Measure(f"{name} in all", rows.sum(name), 0, rows, is_sure=bool(scope.services or scope.revisions))


def _weak(claim: Claim, ground: Ground, scope: Scope) -> list[Target]:
    """Ways to count failures that a sentence does not name: by status, by level, and each problem by itself."""
    routes = claim.subject.routes[:1]
    path = targets_of(Subject(routes=routes), ground)[0].asked if routes else {}
    where = f" to {routes[0]}" if routes else ""
    found = [
        Target(f"requests{where} answered {told}", {"low": low, "high": 599, **path}, is_sure=False, is_request=True)
        for told, low in (("5xx", 500), ("4xx or 5xx", 400))
    ]
    if not routes:
        found += [errors_target(), replace(errors_target(), told="entries at WARNING or above", asked={"severity": 13})]
    own = [one for one in ground.problems if not scope.services or one.service in scope.services]
    return found + [of_clusters([one]) for one in own]


def sure_clusters(found: Sequence[Target]) -> list[Cluster]:
    """Clusters of what was named for sure, each once."""
    known = {one.id: one for target in found if target.is_sure for one in target.clusters}
    return list(known.values())


def is_known(claim: Claim, ground: Ground) -> bool:
    """What a claim names is a status, or found elsewhere in the window: a zero of it says something."""
    whole = Scope(ground.window)
    return any(one.is_request or one.rows(ground, whole).sum("entries") for one in targets_of(claim.subject, ground))


def merged(answers: Sequence[Answer], *, is_any: bool) -> Answer:
    """One answer of those for each time that a claim may mean: what they agree on, or for counts any that fits."""
    if not answers:
        return Answer(
            "cannot tell", "the time that is written lies outside of what is stored, or ends before it begins"
        )
    marks = {one.mark for one in answers}
    if len(marks) == 1:
        return answers[0]
    if is_any and "confirmed" in marks:
        return next(one for one in answers if one.mark == "confirmed")
    return replace(answers[0], mark="cannot tell", measured=f"{answers[0].measured}; which day is meant is not said")


def unknown_names(claim: Claim, ground: Ground) -> Answer | None:
    """The answer for a claim about a revision that the store does not know."""
    _, _, unknown = places_of(claim.subject, ground)
    if not unknown:
        return None
    return Answer("cannot tell", f"there is no revision {' or '.join(unknown)} in this store")


def answer_of(mark: Mark, told: str, shown: Measure) -> Answer:
    """The answer with the rows of one way to count."""
    rows = shown.rows
    return Answer(mark, told, shown.told, rows.query, rows.ids(), rows.ids("traces"), rows.revisions[:5])
