"""When something began, was last seen or was deployed, held against rows; a local time taken for UTC is told."""

from collections.abc import Iterable
from typing import Literal

from classifiers.claims.matching import Ground, Target, named_revisions, of_clusters, places_of, targets_of
from classifiers.claims.measures import unknown_names
from classifiers.claims.records import Answer, Claim, Mark, Moment
from classifiers.claims.rows import Rows, Scope
from classifiers.claims.times import zone_fitting
from collector.window import NS_PER_S, format_ns

__all__ = ["answer_deployed", "answer_moment"]

_NEAR_NS = 60 * NS_PER_S  # what people round away
_ABOUT_NS = 600 * NS_PER_S
_FAR_NS = 600 * NS_PER_S  # from here on a time is another one
_SLACK_NS = 300 * NS_PER_S


def answer_moment(claim: Claim, ground: Ground) -> Answer:
    """The first or last time of a failure, of all ways to tell it."""
    moment = claim.moment
    unknown = unknown_names(claim, ground)
    if unknown or moment is None:
        return unknown or Answer("cannot tell", "no time is written")
    named = targets_of(claim.subject, ground)
    targets = named or _meant(claim, ground)
    services, revisions, _ = places_of(claim.subject, ground)
    scope = Scope(ground.window, services if named else (), revisions)
    found = [(one, one.rows(ground, scope)) for one in targets]
    found = [(one, rows) for one, rows in found if not rows.frame.is_empty()]
    if not found:
        return Answer("cannot tell", "what is meant is not found in the store by these words")
    known = list(_instants(found, claim.end))
    shown = min(known, key=lambda at: _off(moment, at))
    target, rows = found[0]
    told = f"{claim.end} {_clock(known[0])}" + ("" if shown == known[0] else f"; of what belongs to it {_clock(shown)}")
    mark, hint = _mark(moment, known, ground, is_named=bool(named) or target is ground.main)
    if mark == "contradicted" and claim.is_note and all(max(moment.at_ns) > at for at in known):
        mark, hint = "cannot tell", "; the time at the head of the line may be when it was noted"
    return Answer(mark, told + hint, target.told, rows.query, rows.ids(), rows.ids("traces"), rows.revisions[:5])


def answer_deployed(claim: Claim, ground: Ground) -> Answer:
    """When a revision was deployed: created, ready or first given traffic."""
    unknown = unknown_names(claim, ground)
    if unknown or claim.moment is None:
        return unknown or Answer("cannot tell", "no time is written")
    services, _, _ = places_of(claim.subject, ground)
    found = named_revisions(claim.subject.revisions[0], services, ground)
    if len(found) != 1:
        return Answer("cannot tell", f"{len(found)} revisions may be meant: name the service")
    one = found[0]
    named = {
        "created": one.created_ns,
        "ready": one.ready_ns,
        "traffic": one.traffic_ns,
        "first seen": one.first_seen_ns,
    }
    known = {word: at for word, at in named.items() if at is not None}
    if not known:
        return Answer("cannot tell", f"when {one.revision} was deployed is not known", revisions=(one.revision,))
    told = ", ".join(f"{word} {_clock(at)}" for word, at in known.items())
    instants = list(known.values())
    mark, hint = _mark(claim.moment, instants, ground, is_named=one.created_ns is not None, is_ledger=True)
    return Answer(mark, told + hint, one.revision, "find_facts", one.insert_ids[:5], revisions=(one.revision,))


def _mark(
    moment: Moment, known: list[int], ground: Ground, *, is_named: bool, is_ledger: bool = False
) -> tuple[Mark, str]:
    """The mark, and what else is to be said: that it is a local time, or lies beyond what is stored."""
    near = _ABOUT_NS if moment.is_about else _NEAR_NS
    if any(_off(moment, at) <= near for at in known):
        return "confirmed", ""
    zones = [zone for at in known if (zone := zone_fitting(moment, at))]
    if zones and not moment.is_zoned:
        return "cannot tell", f"; it would fit as a local time of {zones[0]}: no zone is written, UTC is taken"
    hint = f"; it would fit only as a local time of {zones[0]}" if zones else ""
    is_inside = any(ground.first_ns - _SLACK_NS <= at <= ground.last_ns + _SLACK_NS for at in moment.at_ns)
    if not is_inside and not is_ledger and not zones:
        return "cannot tell", f"; {moment.text} lies outside of what is stored"
    is_far = all(_off(moment, at) > max(_FAR_NS, near) for at in known)
    if is_named and is_far and (not moment.is_about or all(_off(moment, at) > 3 * near for at in known)):
        return "contradicted", hint
    return "cannot tell", hint or "; near, but not it"


def _instants(found: list[tuple[Target, Rows]], end: Literal["first", "last", ""]) -> Iterable[int]:
    """All that may be called the first, or the last, of what is meant: by its rows, then by its clusters."""
    for _, rows in found:
        at = rows.first_ns if end == "first" else rows.last_ns
        if at is not None:
            yield at
    for target, _ in found:
        for cluster in target.clusters:
            if end == "first":
                yield from (cluster.onset.at_ns, cluster.first_ns)
            else:
                yield cluster.last_ns


def _meant(claim: Claim, ground: Ground) -> list[Target]:
    """Without a name: the main failure and every problem of the services that are named, else of all."""
    services, _, _ = places_of(claim.subject, ground)
    own = [one for one in ground.problems if not services or one.service in services]
    found = [of_clusters([one]) for one in own]
    if ground.main is not None and not services:
        return [ground.main, *found]
    return found


def _off(moment: Moment, at_ns: int) -> int:
    """How far an instant lies from the nearest that is written; 0 inside of its minute."""
    return min(
        0 if at <= at_ns < at + moment.width_ns else min(abs(at_ns - at), abs(at_ns - at - moment.width_ns))
        for at in moment.at_ns
    )


def _clock(at_ns: int) -> str:
    return format_ns(at_ns).replace("T", " ").removesuffix("Z") + " UTC"
