"""Who was hit, what causes what, health checks and speed, held against findings and rows."""

import re

import polars as pl

from classifiers.claims.matching import Ground, of_clusters, places_of, targets_of, windows_of
from classifiers.claims.measures import merged
from classifiers.claims.records import Answer, Claim, Mark, Subject
from classifiers.claims.rows import Scope
from classifiers.findings import SURE_FROM, Cluster
from collector.window import Window

__all__ = ["answer_cause", "answer_health", "answer_latency", "answer_origin", "answer_slower"]

_LIKELY = SURE_FROM[1]
_LEAST = 20  # requests below which no quantile is refuted
_QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99)
_EXPLAINED = 0.5  # of the failures of a symptom
_MS = 1e6
_HEALTH = r"(?i)^/(?:[\w-]+/)*(?:health(?:z|check|-check|_check)?|live(?:z|ness)?|ready(?:z)?|readiness|ping)/?(?:\?|$)"


def answer_origin(claim: Claim, ground: Ground) -> Answer:
    """Only tests were hit, or users too: by who sent the requests that failed."""
    clusters = [one for target in targets_of(claim.subject, ground) for one in target.clusters]
    if not clusters and ground.main:
        clusters = list(ground.main.clusters)
    if not clusters:
        return Answer("cannot tell", "which failure is meant is not said")
    told = "; ".join(f"cluster {one.id}: {_senders(one)}" for one in clusters[:2])
    users = sum(count for one in clusters for name, count in one.origin_counts if name == "users")
    unknown = sum(count for one in clusters for name, count in one.origin_counts if name == "unknown")
    is_tests = all(one.origin == "tests" for one in clusters)
    if claim.change == "tests only":
        mark: Mark = "contradicted" if users else "confirmed" if is_tests and not unknown else "cannot tell"
    else:
        mark = "confirmed" if users else "contradicted" if is_tests and not unknown else "cannot tell"
    rows = of_clusters(clusters).rows(ground, Scope(ground.window))
    return Answer(
        mark,
        told,
        "; ".join(one.title[:80] for one in clusters[:2]),
        rows.query,
        rows.ids(),
        rows.ids("traces"),
        rows.revisions[:5],
    )


def _senders(one: Cluster) -> str:
    return (
        ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in one.origin_counts)
        or "who sent them is not known"
    )


def answer_cause(claim: Claim, ground: Ground) -> Answer:
    """One failure explains another, or a change explains a failure, as the findings have it."""
    effects = _clusters(claim.effect, ground)
    if claim.key:
        return _by_change(claim, effects or _main(ground))
    causes = _clusters(claim.subject, ground)
    if not causes or not effects or {one.id for one in causes} & {one.id for one in effects}:
        return Answer("cannot tell", "cause and effect are not both found in the store by these words")
    for effect in effects:
        for cause in causes:
            if effect.caused_by == cause.id and (effect.explained_share or 0) >= _EXPLAINED:
                share = round((effect.explained_share or 0) * effect.units)
                told = f"inferred: {share:,} of {effect.units:,} failures of {effect.id} follow {cause.id}"
                return _paired("confirmed", told, cause, effect)
    cause, effect = causes[0], effects[0]
    if len(causes) == len(effects) == 1 and cause.caused_by == effect.id and (cause.explained_share or 0) >= _EXPLAINED:
        return _paired("contradicted", f"inferred the other way round: {cause.id} follows {effect.id}", cause, effect)
    return _paired("cannot tell", f"no link between {cause.id} and {effect.id} is shown", cause, effect)


def _by_change(claim: Claim, effects: list[Cluster]) -> Answer:
    for one in effects:
        blamed = one.attribution
        if (
            blamed
            and blamed.change
            and blamed.change.name == claim.key
            and blamed.confidence >= _LIKELY
            and not blamed.also_changed
        ):
            told = (
                f"inferred: {blamed.revision} changed {claim.key} and nothing else, and cluster {one.id} began with it"
            )
            return Answer(
                "confirmed",
                told,
                one.title[:80],
                "find_facts",
                one.insert_ids[:5],
                one.trace_ids[:5],
                (blamed.revision,),
            )
        if blamed and claim.key in {change.name for change in (blamed.change, *blamed.also_changed) if change}:
            told = f"cluster {one.id} began with {blamed.revision}, which changed {claim.key} and more: not separable"
            return Answer(
                "cannot tell",
                told,
                one.title[:80],
                "find_facts",
                one.insert_ids[:5],
                one.trace_ids[:5],
                (blamed.revision,),
            )
    return Answer("cannot tell", f"no failure is tied to {claim.key}")


def _paired(mark: Mark, told: str, cause: Cluster, effect: Cluster) -> Answer:
    matched = f"{cause.id} ({cause.title[:60]}) -> {effect.id} ({effect.title[:60]})"
    return Answer(
        mark, told, matched, "find_failed_traces", (*cause.insert_ids[:2], *effect.insert_ids[:3]), effect.trace_ids[:5]
    )


def _clusters(side: Subject, ground: Ground) -> list[Cluster]:
    """Problems that one side of a cause names: by text, status or event, else the only one that has all its words."""
    found = {one.id: one for target in targets_of(side, ground) for one in target.clusters}
    if found or not side.words:
        return list(found.values())
    services, _, _ = places_of(side, ground)
    stems = [re.sub(r"(?:ing|ed|s)$", "", word) for word in side.words]
    own = [one for one in ground.problems if not services or one.service in services]
    named = [one for one in own if all(stem in f"{one.title} {one.sample}".lower() for stem in stems)]
    return named if len(named) == 1 else []


def _main(ground: Ground) -> list[Cluster]:
    return list(ground.main.clusters) if ground.main else []


def answer_health(claim: Claim, ground: Ground) -> Answer:
    """Health checks were answered with success."""
    return merged([_health(claim, ground, window) for window in windows_of(claim.span, ground)], is_any=False)


def _health(claim: Claim, ground: Ground, window: Window) -> Answer:
    services, revisions, _ = places_of(claim.subject, ground)
    scope = Scope(window, services, revisions)
    found = ground.asker.health(window, _HEALTH).of(scope.services, scope.revisions)
    checks, well = found.sum("entries"), found.sum("requests")
    told = f"{well:,} of {checks:,} health checks answered 2xx"
    if not checks:
        return Answer("cannot tell", "no request to a path of health checks is stored", query=found.query)
    mark: Mark = "confirmed" if well == checks else "contradicted" if not well else "cannot tell"
    return Answer(
        mark, told, "requests to paths of health checks", found.query, found.ids(), revisions=found.revisions[:5]
    )


def answer_latency(claim: Claim, ground: Ground) -> Answer:
    """A quantile of durations, over all requests of a place and over those that were answered well."""
    return merged([_latency(claim, ground, window) for window in windows_of(claim.span, ground)], is_any=True)


def _latency(claim: Claim, ground: Ground, window: Window) -> Answer:
    services, revisions, unknown = places_of(claim.subject, ground)
    if unknown or claim.amount is None or claim.quantile not in _QUANTILES:
        return Answer(
            "cannot tell",
            f"there is no revision {' or '.join(unknown)} in this store" if unknown else "no such quantile is reckoned",
        )
    path = (
        targets_of(Subject(routes=claim.subject.routes[:1]), ground)[0].asked["path"] if claim.subject.routes else None
    )
    row = ground.asker.latency(Scope(window, services, revisions), path)  # type: ignore[arg-type] # a pattern or None
    many, at = int(row["requests"][0]), _QUANTILES.index(claim.quantile)
    values = [
        one[at] / _MS for one in (row["every"][0], row["well"][0]) if isinstance(one, pl.Series | list) and len(one)
    ]
    if not many or not values:
        return Answer(
            "cannot tell", "no request with a duration is stored of that place and time", query="count_claimed_latency"
        )
    told = f"p{claim.quantile * 100:.0f} of {many:,} requests {values[0]:,.0f} ms"
    told += (
        f", {values[1]:,.0f} ms of those answered below 500"
        if len(values) > 1 and abs(values[1] - values[0]) > 1
        else ""
    )
    ids = tuple(row["insert_ids"][0] or ())[:5]
    mark: Mark = "cannot tell"
    if any(claim.amount.fits(value) for value in values):
        mark = "confirmed"
    elif many >= _LEAST and ground.covers(window) and all(claim.amount.refuted_by(value) for value in values):
        mark = "contradicted" if claim.subject.routes or revisions else "cannot tell"
    return Answer(
        mark,
        told,
        claim.subject.routes[0] if claim.subject.routes else ", ".join((*services, *revisions)),
        "count_claimed_latency",
        ids,
        revisions=revisions[:5],
    )


def answer_slower(claim: Claim, ground: Ground) -> Answer:
    """How many times slower, against the operations that became slower."""
    services, revisions, _ = places_of(claim.subject, ground)
    routes = claim.subject.routes
    found = [
        one for one in ground.findings.latency
        if (not services or one.service in services)
        and (not routes or any(route.split(" ")[-1].strip("/") in (one.operation or "") for route in routes))
        and (not revisions or (one.attribution is not None and one.attribution.revision in revisions))
    ]  # fmt: skip
    if not found or claim.amount is None:
        return Answer("cannot tell", "no operation of that name is found to have become slower")
    one = found[0]
    told = (
        f"{one.operation or one.service}: median {_ms(one.median_before_ns)} -> {_ms(one.median_since_ns)} ms "
        f"(x{one.times_median[0]:.2g}), p95 {_ms(one.tail_before_ns)} -> {_ms(one.tail_since_ns)} ms "
        f"(x{one.times_tail[0]:.2g}), of {one.since:,} requests since"
    )
    plain = [
        after / before
        for before, after in ((one.median_before_ns, one.median_since_ns), (one.tail_before_ns, one.tail_since_ns))
        if before
    ]
    values = [one.times_median[0], one.times_tail[0], *plain]
    mark: Mark = "cannot tell"
    if any(claim.amount.fits(value) for value in values):
        mark = "confirmed"
    elif len(found) == 1 and (routes or services) and all(claim.amount.refuted_by(value) for value in values):
        mark = "contradicted"
    blamed = (one.attribution.revision,) if one.attribution else ()
    return Answer(mark, told, one.id, "count_latencies", (), one.trace_ids[:5], blamed)


def _ms(took_ns: int) -> str:
    return f"{took_ns / _MS:,.0f}"
