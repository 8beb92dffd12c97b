"""When each revision took traffic, and roll-backs: routing where it is told, rows where it is not."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise

from msgspec import Struct

from classifiers.order import in_deploy_order
from classifiers.routing import Routing
from collector.records import Revision, Served
from collector.replacing import replace

__all__ = ["RollBack", "find_roll_backs", "periods_by_revision", "serving_revision", "until_newer", "with_rows"]

_LATE_NS = 15 * 60 * 10**9  # a routing may be told this much later than its first request; longer, and it was another


class RollBack(Struct, frozen=True):
    """An older revision that took the traffic of a newer one again. `revision` took it, `withdrawn` lost it.

    `actor`, `tool` and `asked_by` are those of the request that wanted it, empty where none is known; `asked_by` are
    its entries.
    """

    project: str
    service: str
    location: str
    at_ns: int
    revision: str
    withdrawn: str
    insert_id: str
    actor: str = ""
    tool: str = ""
    asked_by: tuple[str, ...] = ()


def periods_by_revision(routings: Sequence[Routing]) -> dict[str, list[Served]]:
    """The periods in which each revision of one service had a share; routings of one service and region, by time."""
    periods: dict[str, list[Served]] = defaultdict(list)
    ends = [*(routing.at_ns for routing in routings[1:]), None]
    for routing, end in zip(routings, ends, strict=True):
        for revision in dict.fromkeys(target.revision for target in routing.targets):
            percent = routing.share(revision)
            if not percent:
                continue
            own = periods[revision]
            if own and own[-1].to_ns == routing.at_ns and own[-1].percent == percent:
                own[-1] = replace(own[-1], to_ns=end)
            else:
                own.append(Served(routing.at_ns, end, percent))
    return periods


def with_rows(
    periods: Sequence[Served], *, first_ns: int | None, last_ns: int | None, created_ns: int | None
) -> tuple[Served, ...]:
    """Periods with what requests prove beside them: they begin with the first, and go on where a late one shows it.

    Nothing was served before the revision was there, whatever a routing says that was in force before it.
    """
    own = list(periods)
    if first_ns is not None:
        end = max(first_ns, last_ns or first_ns)
        if not own:
            own = [Served(first_ns, end, None)]
        elif first_ns < own[0].from_ns:
            head = own[0]
            is_same = head.from_ns - first_ns <= _LATE_NS
            own = [
                replace(head, from_ns=first_ns) if is_same else Served(first_ns, head.from_ns, None),
                *(own[1:] if is_same else own),
            ]
        if own[-1].to_ns is not None and end > own[-1].to_ns + _LATE_NS:
            own.append(Served(own[-1].to_ns, end, None))
    if created_ns is None:
        return tuple(own)
    return tuple(
        replace(one, from_ns=max(one.from_ns, created_ns))
        for one in own
        if one.to_ns is None or one.to_ns >= created_ns
    )


def until_newer(ordered: Sequence[Revision], routings: Iterable[Routing]) -> list[Revision]:
    """Revisions whose told traffic ends where a newer one served of which no routing tells: its change was not told.

    `ordered` is in the order of deploying. What has a tag is asked by that, beside the traffic; what routing tells
    again later, or the revision's own rows show, goes on.
    """
    told = list(routings)
    unrouted: dict[tuple[str, str], list[tuple[int, Revision]]] = defaultdict(list)
    for place, one in enumerate(ordered):
        if one.periods and not one.tags and all(period.percent is None for period in one.periods):
            unrouted[one.project, one.service].append((place, one))
    found = []
    for place, one in enumerate(ordered):
        newer = [other for at, other in unrouted[one.project, one.service] if at > place]
        signs = sorted(
            other.periods[0].from_ns
            for other in newer
            if "" in {one.location, other.location} or one.location == other.location
        )
        again = [
            routing.told_ns
            for routing in told
            if (routing.project, routing.service) == (one.project, one.service) and routing.share(one.revision)
        ]
        lasts = max([one.last_seen_ns or 0, *again])
        signs = [at_ns for at_ns in signs if at_ns > lasts]
        found.append(replace(one, periods=tuple(_until(period, signs) for period in one.periods)) if signs else one)
    return found


def _until(period: Served, signs: Sequence[int]) -> Served:
    """The period to the first of the instants at which another revision is known to have served instead."""
    end = next((at_ns for at_ns in signs if at_ns > period.from_ns + _LATE_NS), None)
    if end is None or period.percent is None or (period.to_ns is not None and period.to_ns <= end):
        return period
    return replace(period, to_ns=end, ends_by=True)


def find_roll_backs(routings: Iterable[Routing], order: Mapping[tuple[str, str, str], int]) -> list[RollBack]:
    """Changes of traffic after which a newer revision has lost all of its share and an older one has won.

    `order` is the place of each (project, service, revision) in the order of deploying.
    """
    found = []
    for place, group in groupby(routings, key=lambda one: (one.project, one.service, one.location)):
        for before, after in pairwise(group):
            names = {target.revision for target in (*before.targets, *after.targets)}
            # who follows the latest revision is not sent back: an older roll-out ended after a newer one
            latest = {target.revision for target in after.targets if target.is_latest and target.percent}
            won = [one for one in names - latest if after.share(one) > before.share(one)]
            lost = [one for one in names if before.share(one) and not after.share(one)]
            ages = {one: order.get((place[0], place[1], one)) for one in (*won, *lost)}
            newest_lost = max(lost, key=lambda one: -1 if ages[one] is None else ages[one] or 0, default="")
            newest_won = max(won, key=lambda one: -1 if ages[one] is None else ages[one] or 0, default="")
            old, new = ages.get(newest_won), ages.get(newest_lost)
            if old is not None and new is not None and old < new:
                found.append(RollBack(*place, after.at_ns, newest_won, newest_lost, after.insert_id))
    return found


def serving_revision(
    service: tuple[str, str], revisions: Iterable[Revision], routings: Iterable[Routing] = ()
) -> Revision | None:
    """The revision with most of the traffic as routing last told, else the last deployed that took any, else the last.

    `service` is project and name. What first took traffic after routing was last told of is newer than that.
    What was deleted serves only where nothing is left.
    """
    own = [one for one in in_deploy_order(revisions) if (one.project, one.service) == service]
    own = [one for one in own if one.deleted_ns is None] or own
    routed = [one for one in routings if (one.project, one.service) == service]
    told = max(routed, key=lambda one: one.at_ns, default=None)
    led = next((one for one in own if told and one.revision == told.leader()), None)
    after = [one for one in own if one.traffic_ns is not None and told and one.traffic_ns > told.told_ns]
    served = [one for one in own if one.requests or one.traffic_ns is not None]
    return (after[-1] if after else None) or led or next(reversed(served or own), None)
