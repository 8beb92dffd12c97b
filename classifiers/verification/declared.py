"""Declared criteria: those of config.yaml, counted since the newest revision of their service took traffic."""

import math
import re
from collections.abc import Collection, Sequence

import numpy as np
import polars as pl
from msgspec import Struct

from classifiers.event_rows import EventRows
from classifiers.exposure import Grid
from classifiers.followed import Criterion, Proof, Verification
from classifiers.history import History
from classifiers.triggers import heard_requests
from classifiers.verification.attempts import about_ns
from classifiers.verification.config import DeclaredCriterion, route_pattern
from classifiers.verification.rate_proof import prove_rate
from classifiers.verification.silence_proof import LEAST
from classifiers.verification.subjects import criterion_id
from classifiers.verification.words import chance_words
from collector.store import Reader
from collector.window import format_ns

__all__ = ["DeclaredCount", "declared_id", "event_services", "read_declared", "verify_declared"]

QUERY = "count_attempts"
_MISSING = 0.05  # share of triggers that may lack their event, where nothing else is declared
_NEARLY = 0.95  # of a limit: nearer to it no number of attempts tells on which side it is
_MS = 1e6
_OF_EVENT = frozenset({"event follows", "field present"})


class DeclaredCount(Struct, frozen=True):
    """A declared criterion with its requests since `since_ns`: rows of count_attempts, none of one about events."""

    criterion: DeclaredCriterion
    since_ns: int
    since: str
    revision: str
    rows: pl.DataFrame | None


def declared_id(name: str) -> str:
    """The id of the criterion of that name."""
    return criterion_id("declared", name)


def event_services(criteria: Sequence[DeclaredCriterion]) -> list[str]:
    """Services of which all that was asked is read, so that events can be looked for behind it."""
    return [one.service for one in criteria if one.kind in _OF_EVENT]


def read_declared(reader: Reader, history: History, criteria: Sequence[DeclaredCriterion]) -> tuple[DeclaredCount, ...]:
    """What was asked of each since the newest revision that serves took traffic, else since the window began."""
    return tuple(_read(reader, history, one) for one in criteria)


def verify_declared(
    counted: Sequence[DeclaredCount], history: History, events: EventRows, failed: Collection[str]
) -> tuple[Verification, ...]:
    """What is proven of each, in their order. `failed`: keys of traces and requests in which anything failed."""
    heard = heard_requests(events, failed).filter(pl.col("way") == 0) if counted else events.requests.clear()
    return tuple(_verified(one, _count(one, events, heard), history) for one in counted)


class _Count(Struct, frozen=True):
    attempts: int
    failures: int
    last_ns: int | None = None


def _read(reader: Reader, history: History, one: DeclaredCriterion) -> DeclaredCount:
    since_ns, revision = _newest(history, one.service)
    since = f"{revision.removeprefix(f'{one.service}-')} took traffic" if revision else "the window began"
    if one.kind in _OF_EVENT:
        return DeclaredCount(one, since_ns, since, revision, None)
    rows = reader.frame(
        QUERY,
        start_ns=since_ns,
        end_ns=history.window.end_ns,
        service=one.service,
        route=route_pattern(one.route) if one.route else None,
        statuses=list(one.status) or None,
        signature=one.signature or None,
        limit_ns=round((one.limit or 0.0) * _MS) if one.kind == "faster than" else None,
    )
    return DeclaredCount(one, since_ns, since, revision, rows)


def _newest(history: History, service: str) -> tuple[int, str]:
    """When the revision that serves at the end took traffic last, within the window; else when that began."""
    window = history.window
    taken = [
        (period.from_ns, one.revision)
        for one in history.revisions
        if one.service == service
        for period in one.periods
        if period.from_ns < window.end_ns and (period.to_ns is None or period.to_ns >= history.end_ns)
    ]
    at_ns, revision = max(taken, default=(window.start_ns, ""))
    return (at_ns, revision) if at_ns > window.start_ns else (window.start_ns, "")


def _count(one: DeclaredCount, events: EventRows, heard: pl.DataFrame) -> _Count:
    wanted = one.criterion
    if one.rows is not None:
        bad = "slow" if wanted.kind == "faster than" else "failed"
        last = one.rows["last_failed_ns"].max()
        return _Count(int(one.rows["attempts"].sum()), int(one.rows[bad].sum()), last)  # type: ignore[arg-type] # of integers
    own = pl.col("service") == wanted.service
    if wanted.kind == "field present":
        first = (one.since_ns - events.start_ns) // events.step_ns  # the step of the change holds both sides
        is_late = own & (pl.col("event") == wanted.event) & (pl.col("step") > first)
        many = int(events.counts.filter(is_late)["events"].sum())
        had = int(events.fields.filter(is_late & (pl.col("field") == wanted.field))["events"].sum())
        return _Count(many, max(many - had, 0))
    asked = heard.filter(own & (pl.col("at_ns") >= one.since_ns))
    if wanted.route:
        asked = asked.filter(pl.col("route").str.contains(f"^{route_pattern(wanted.route)}$"))
    missing = asked.filter(~pl.col("events").list.contains(wanted.event))
    return _Count(asked.height, missing.height, missing["at_ns"].max())  # type: ignore[arg-type] # of integers


def _verified(one: DeclaredCount, count: _Count, history: History) -> Verification:
    wanted = one.criterion
    limit = _limit(wanted)
    if wanted.kind == "no failures":
        needed: int | None = max(LEAST, math.ceil(3 / limit))  # rule of three
        is_met, is_failing = count.attempts >= (needed or 0) and not count.failures, count.failures > 0
    else:
        share = count.failures / count.attempts if count.attempts else 0.0
        old = min(max(limit / 4, share), _NEARLY * limit)
        proof = prove_rate(count.failures, count.attempts, limit=limit, old=old, bad=None, dispersion=1.0, prior=0.5)
        needed, is_met, is_failing = proof.needed, proof.is_below, proof.is_above
    grid = _grid(history, wanted)
    about = about_ns(max((needed or 0) - count.attempts, 0), grid.total, grid) if grid and needed else None
    why_not = _untestable(one, count, about)
    verdict: Proof = "FAILING" if is_failing else "VERIFIED" if is_met else "NOT TESTABLE" if why_not else "NOT YET"
    what = _bad_words(wanted)
    at = format_ns(one.since_ns)[5:16].replace("T", " ")
    told = f"{count.failures:,} of {count.attempts:,} {what} since {one.since} ({at})"
    need = f"; {needed:,} are needed" if verdict == "NOT YET" and needed else ""
    return Verification(
        criterion=_criterion(wanted, needed, history),
        verdict=verdict,
        since_ns=one.since_ns,
        since=one.since,
        attempts=count.attempts,
        failures=count.failures,
        needed=needed,
        why=f"{why_not if verdict == 'NOT TESTABLE' else told + need}.",
        about_ns=about if verdict == "NOT YET" else None,
        last_failure_ns=count.last_ns,
        fixed_by=one.revision,
    )


def _limit(wanted: DeclaredCriterion) -> float:
    """The share of attempts that may be bad."""
    if wanted.kind == "faster than":
        return 1 - wanted.quantile
    return wanted.limit or (0.1 if wanted.kind == "no failures" else _MISSING)


def _untestable(one: DeclaredCount, count: _Count, about: int | None) -> str:
    if count.attempts:
        return ""
    wanted = one.criterion
    if wanted.kind in _OF_EVENT:
        trigger = wanted.event if wanted.kind == "field present" else wanted.route or "a request"
        return f"{trigger} of {wanted.service} was not seen since {one.since}"
    if about is None:
        return f"no request to {wanted.route or wanted.service} is known since {one.since}, nor any in the last day"
    return ""


def _grid(history: History, wanted: DeclaredCriterion) -> Grid | None:
    """What is asked of it by the hour, in the first project that has the service."""
    place = next((key for key in history.exposure.services() if key[1] == wanted.service), None)
    if place is None:
        return None
    whole = history.exposure.service(*place)
    if not wanted.route:
        return whole
    pattern = re.compile(route_pattern(wanted.route))
    own = [name for name in history.exposure.asked_by_route(*place) if pattern.fullmatch(str(name))]
    if not own:
        return Grid(whole.timeline, whole.unit, {"": np.zeros(whole.timeline.bins)})
    return history.exposure.matched(*place, routes=own)


def _criterion(wanted: DeclaredCriterion, needed: int | None, history: History) -> Criterion:
    place = next((key for key in history.exposure.services() if key[1] == wanted.service), ("", wanted.service))
    return Criterion(
        id=declared_id(wanted.name),
        kind=wanted.kind,
        statement=f"{wanted.name}: {_statement(wanted, needed)}",
        query={"event follows": "find_event_requests", "field present": "count_event_fields"}.get(wanted.kind, QUERY),
        test="rule of three" if wanted.kind == "no failures" else "binomial",
        project=place[0],
        service=wanted.service,
        is_declared=True,
        route=wanted.route,
        event=wanted.event,
        field=wanted.field,
        signature_ids=(wanted.signature,) if wanted.signature else (),
        limit=wanted.limit,
        quantile=wanted.quantile if wanted.kind == "faster than" else None,
    )


def _statement(wanted: DeclaredCriterion, needed: int | None) -> str:
    to = f"requests to {wanted.route}" if wanted.route else f"requests of {wanted.service}"
    without = " or ".join([*map(str, wanted.status), *([wanted.signature] if wanted.signature else [])])
    if wanted.kind == "no failures":
        return f"{needed:,} {to} pass without {without}"
    if wanted.kind == "rate below":
        return f"fewer than {chance_words(_limit(wanted))} of {to} end in {without}"
    if wanted.kind == "faster than":
        return f"{wanted.quantile:.0%} of {to} take less than {wanted.limit or 0:,.0f} ms".replace("%", " %")
    few = chance_words(_limit(wanted))
    if wanted.kind == "event follows":
        return f"{wanted.event} follows {wanted.route or to}, missing after fewer than {few}"
    return f"{wanted.event} has {wanted.field}, but for fewer than {few}"


def _bad_words(wanted: DeclaredCriterion) -> str:
    if wanted.kind == "faster than":
        return f"took longer than {wanted.limit or 0:,.0f} ms"
    return {"event follows": "had no event", "field present": "had no such field"}.get(wanted.kind, "failed")
