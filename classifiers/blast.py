"""Blast radius: how far a failure, a slower operation, a missing event or a whole incident reaches, and its rank.

Failures are requests, else traces, else occupied minutes, beside all that the service was asked from the onset to the
last of them, and beside what each route was asked. An incident reaches as far as all its members; its shares are those
of the member that decided its rank, whose service stands first.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from classifiers.accounts import Accounts, count_accounts
from classifiers.cases import Case
from classifiers.config import PriorityConfig
from classifiers.exposure import Exposure
from classifiers.findings import Absence, Blast, Cluster, Incident, Latency, Priority
from classifiers.itself import is_itself, own_words
from classifiers.priority import LOWEST, Part, Ranked, Reach, brief_words, harmless_words, raised, rank
from collector.replacing import replace

__all__ = ["asked_part", "rank_absence", "rank_cluster", "rank_incidents", "rank_latency", "reach_of"]

_FEW_MINUTES = 4
_ROUTES_SHOWN = 5
_MAJOR: Priority = "P1"
_Member = Cluster | Latency | Absence


def reach_of(case: Case, exposure: Exposure) -> Reach:
    """What the service, and each of its routes that failed, was asked from the onset to the last failure."""
    grid = exposure.service(case.project, case.service) if case.is_counted else case.grid
    bins = case.bins[case.fit.index :]
    span = slice(int(bins[0]), int(bins[-1]) + 1)
    if not case.is_counted and len(bins) < _FEW_MINUTES:
        span = slice(None)  # of a minute or two all were hit, whatever it was
    asked = float(grid.total[span].sum())
    return Reach(Part(case.service, len(bins), asked if asked > 0 else None), _routes(case, exposure, span))


def asked_part(case: Case, exposure: Exposure) -> Part:
    """What the service of a case was asked from its onset to its last bad trial, beside the bad ones."""
    bins = case.bins[case.fit.index :]
    grid = exposure.service(case.project, case.service)
    asked = float(grid.total[int(bins[0]) : int(bins[-1]) + 1].sum())
    return Part(case.service, len(bins), asked if asked >= len(bins) else None)


def rank_cluster(cluster: Cluster, case: Case, reach: Reach, *, end_ns: int, config: PriorityConfig) -> Cluster:
    """The cluster with its blast radius and its rank by itself; end_ns: until when failures are known of."""
    is_over = cluster.state == "resolved"
    lasted = (cluster.last_ns if is_over else end_ns) - case.fit.at_ns
    ranked = rank(reach, config)
    harmless = own_words(cluster.service) or harmless_words(cluster.origin, cluster.cause, cluster.fault)
    blast = _blast(reach, ranked, (cluster.service,), lasted)
    priority, reason = _final(ranked, harmless, lasted, is_over=is_over, config=config)
    return replace(cluster, priority=priority, blast=replace(blast, reason=reason))


def rank_latency(latency: Latency, asked: Part, *, end_ns: int, config: PriorityConfig) -> Latency:
    """The slower operation with its blast radius and its rank. `asked` as asked_part gives it."""
    own = Part(latency.operation or latency.service, latency.slow, float(latency.since) or None)
    reach = Reach(asked, (own,) if latency.operation else (), "was slow", "it is answered")
    ended = end_ns if latency.ended_ns is None else latency.ended_ns
    lasted = ended - latency.onset.at_ns if latency.onset else 0
    ranked = rank(reach, config)
    times = max(latency.times_median[0], latency.times_tail[0])
    if latency.since and times < config.slow_times:
        ranked = replace(
            ranked, priority=LOWEST, reason=f"{times:.2g} times as slow: under slow_times ({config.slow_times:g})"
        )
    harmless = harmless_words(latency.origin, latency.cause, latency.fault)
    priority, reason = _final(ranked, harmless, lasted, is_over=not latency.is_ongoing, config=config)
    services = tuple(dict.fromkeys((latency.service, *(one.service for one in latency.callers))))
    return replace(latency, priority=priority, blast=replace(_blast(reach, ranked, services, lasted), reason=reason))


def rank_absence(absence: Absence, *, end_ns: int, config: PriorityConfig) -> Absence:
    """The missing event with its blast radius and its rank: the trigger is a function that lacks a part."""
    missed = absence.since.trials - absence.since.seen
    own = Part(absence.trigger or absence.event, missed, float(absence.since.trials) or None)
    is_hollow = absence.kind == "hollow"
    verb = f"came without {absence.field}" if is_hollow else f"had no {absence.event}"
    reach = Reach(Part(absence.service, missed, None), (own,), verb, "the event still comes" if is_hollow else "")
    onset = absence.onset
    ended = end_ns
    if onset is not None and not absence.is_ongoing:
        ended = onset.ended_earliest_ns or onset.latest_ns
    lasted = max(ended - onset.at_ns, 0) if onset else 0
    ranked = rank(reach, config)
    harmless = harmless_words(absence.origin, "unknown", "unknown")
    priority, reason = _final(ranked, harmless, lasted, is_over=not absence.is_ongoing, config=config)
    blast = _blast(reach, ranked, (absence.service,), lasted)
    return replace(absence, priority=priority, blast=replace(blast, exposed=absence.since.trials, reason=reason))


def rank_incidents(
    incidents: Sequence[Incident], members: Iterable[_Member], config: PriorityConfig, accounts: Accounts
) -> tuple[Incident, ...]:
    """Incidents with what all their members reach, P0 where many services are broken, numbered anew.

    members: clusters, slower operations and missing events, each with its rank by itself; accounts: those that clusters
    hit. The order among incidents of one rank stays; logtriage's own are last, also after what is over.
    """
    by_id = {one.id: one for one in members}
    ranked = [
        _ranked(one, [by_id[name] for name in (one.root, *one.symptoms) if name in by_id], config, accounts)
        for one in incidents
    ]
    own = {name for name, one in by_id.items() if is_itself(one.service)}
    ordered = sorted(ranked, key=lambda one: (one.root in own, not one.is_ongoing, one.priority, one.number))
    return tuple(replace(one, number=number) for number, one in enumerate(ordered, start=1))


def _ranked(incident: Incident, found: Sequence[_Member], config: PriorityConfig, accounts: Accounts) -> Incident:
    """The rank of the worst of what goes on (of all where all is over), raised where many services are broken."""
    told = [(one, one.blast) for one in found if one.blast is not None]
    if not told:
        return incident
    going_on = [one for one in told if one[0].is_ongoing]
    worst, decided = min(going_on or told, key=lambda one: (one[0].priority, one[0].id != incident.root))
    blasts = [blast for _, blast in told]
    services = tuple(dict.fromkeys(name for blast in (decided, *blasts) for name in blast.services if name))
    broken = {one.service for one, _ in going_on or told if one.priority <= _MAJOR}
    priority, why = raised(worst.priority, len(broken), config)
    blast = replace(
        decided,
        services=services,
        routes=tuple(dict.fromkeys(name for one in (decided, *blasts) for name in one.routes))[:_ROUTES_SHOWN],
        users=count_accounts((one.id for one in found), accounts),
        lasted_ns=_lasted([one for one, _ in told]),
        reason="; ".join(filter(None, (decided.reason, why))),
    )
    return replace(incident, priority=priority, blast=blast)


def _lasted(found: Sequence[_Member]) -> int:
    """From the first beginning to the last end of all."""
    began = [(one.onset.at_ns, one.onset.at_ns + one.blast.lasted_ns) for one in found if one.onset and one.blast]
    return max((last for _, last in began), default=0) - min((first for first, _ in began), default=0)


def _final(
    ranked: Ranked, harmless: str, lasted_ns: int, *, is_over: bool, config: PriorityConfig
) -> tuple[Priority, str]:
    if harmless:
        return LOWEST, harmless
    priority, why = brief_words(ranked.priority, lasted_ns, is_over=is_over, config=config)
    return priority, "; ".join(filter(None, (ranked.reason, why)))


def _blast(reach: Reach, ranked: Ranked, services: tuple[str, ...], lasted_ns: int) -> Blast:
    part, worst = reach.service, max(reach.routes, key=lambda one: one.sure or 0.0, default=None)
    return Blast(
        share=None if part.share is None else round(part.share, 4),
        failed=part.failed,
        exposed=None if part.exposed is None else round(part.exposed),
        routes=tuple(one.name for one in reach.routes[:_ROUTES_SHOWN]),
        routes_share=None if worst is None or worst.share is None else round(worst.share, 4),
        services=services,
        lasted_ns=max(lasted_ns, 0),
        weight=ranked.weight,
    )


def _routes(case: Case, exposure: Exposure, span: slice) -> tuple[Part, ...]:
    """Each route that failed, the surest to be broken first, then the most hit.

    A failure counts for the one route that its trace came in on; where there were several, for none.
    """
    if not case.is_counted:
        return ()
    failed = Counter(name for name in case.unit_routes[case.fit.index :] if name)
    asked = exposure.asked_by_route(case.project, case.service)
    found = [
        Part(name, many, max(float(asked[name][span].sum()), many)) for name, many in failed.items() if name in asked
    ]
    if not case.unit_routes and len(case.routes) == 1:  # its trials are those of the route
        many = len(case.bins) - case.fit.index
        found = [Part(case.routes[0], many, max(float(case.grid.total[span].sum()), many))]
    return tuple(sorted(found, key=lambda one: (-(one.sure or 0.0), -one.failed, one.name)))
