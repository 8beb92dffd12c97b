"""Which request made which revision, what became of each request, and which were the same request twice."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from classifiers.changes import difference
from classifiers.deploys import Deploy
from classifiers.order import number_of
from collector.records import Revision
from collector.replacing import replace

__all__ = ["Key", "claimed", "doubles_of", "with_outcomes"]

Key = tuple[str, str, str]  # project, service, revision

_SKEW_NS = 60 * 10**9  # clocks of audit log, instances and API may differ by this much
_CLOCK_NS = 10**9  # a request is there before its revision; both times are the platform's own
_BIRTH_NS = 600 * 10**9  # a revision is there at the latest this long after its request
_RETRY_NS = 300 * 10**9  # an equal request within this time is the same one again


def claimed(deploys: Sequence[Deploy], revisions: Sequence[Revision]) -> list[Deploy]:
    """Deploys, each revision given to the one request that made it; the audit log does not always say so itself.

    Of several that name one revision the last before its creation made it, the others changed no template. One
    that names none made the next revision that came to be, unless a request after it would be left without one.
    """
    known = {_key(one): one for one in revisions}
    told = _each_once(deploys, known)
    taken = {(one.project, one.service, one.revision) for one in told if one.revision and one.makes_revision}
    by_service: dict[tuple[str, str], list[Revision]] = defaultdict(list)
    for one in revisions:
        by_service[one.project, one.service].append(one)
    found = []
    for place, deploy in enumerate(told):
        born = None
        if _seeks(deploy):
            own = [one for one in by_service[deploy.project, deploy.service] if _is_near(one, deploy)]
            free = [one for one in own if _key(one) not in taken]
            born = _born_of(deploy, free, own)
            if born is not None and _belongs_to_later(born, free, deploy, told[place + 1 :]):
                born = None
        if born is not None:
            taken.add(_key(born))
        found.append(replace(deploy, revision=born.revision) if born else deploy)
    return found


def with_outcomes(deploys: Sequence[Deploy], revisions: Mapping[Key, Revision]) -> list[Deploy]:
    """Deploys with what became of the revision that each made, and marks on those that asked for the same again.

    A request of which no revision came, and that wanted other traffic than the one before it, was about traffic. What
    the platform tells of a failure a second time, about the service, is left out.
    """
    found: list[Deploy] = []
    before: dict[tuple[str, str, str], Deploy] = {}
    failures = {(one.project, one.service, one.failed_ns) for one in revisions.values() if one.failed_ns is not None}
    for deploy in deploys:
        if _is_echo(deploy, failures):
            continue
        place = (deploy.project, deploy.service, deploy.location)
        earlier = before.get(place)
        told = _ended(deploy, revisions.get((deploy.project, deploy.service, deploy.revision)))
        if _seeks(told) and _moves_traffic(told, earlier):
            told = replace(told, makes_revision=False)
        elif told.makes_revision and earlier and _asks_again(earlier, told, revisions):
            told = replace(told, repeats=earlier.at_ns)
        if not told.settings and (told.outcome != "failed" or told.makes_revision):
            before[place] = told
        found.append(told)
    return found


def _is_echo(deploy: Deploy, failures: Iterable[tuple[str, str, int]]) -> bool:
    """Whether nobody asked for it: the platform's word on a service whose revision has just failed."""
    if deploy.outcome != "failed" or deploy.actor or deploy.command:
        return False
    return any(
        (project, service) == (deploy.project, deploy.service) and abs(deploy.at_ns - failed_ns) <= _SKEW_NS
        for project, service, failed_ns in failures
    )


def _moves_traffic(deploy: Deploy, earlier: Deploy | None) -> bool:
    """Whether it wanted other traffic than the request before it; alone, whether it named who should have it."""
    if earlier is None or not earlier.targets:
        return any(target.percent and not target.is_latest for target in deploy.targets)
    return bool(deploy.targets) and set(deploy.targets) != set(earlier.targets)


def _asks_again(earlier: Deploy, deploy: Deploy, revisions: Mapping[Key, Revision]) -> bool:
    """Whether it asked within minutes for what was asked for already; a retry of what had failed is another thing."""
    is_retry = earlier.outcome == "failed" and deploy.outcome != "failed"
    is_soon = deploy.at_ns - earlier.at_ns <= _RETRY_NS
    is_apart = is_retry or not earlier.makes_revision or set(deploy.targets) != set(earlier.targets)
    return is_soon and not is_apart and _is_same(earlier, deploy, revisions)


def doubles_of(deploys: Sequence[Deploy]) -> dict[Key, str]:
    """Revisions that repeat another one: made by the same request a second time, when the first had made one too."""
    made = {(one.project, one.service, one.at_ns): one.revision for one in deploys if one.outcome != "failed"}
    doubles = {}
    for one in deploys:
        first = made.get((one.project, one.service, one.repeats)) if one.repeats is not None else None
        if first and one.revision and first != one.revision:
            doubles[one.project, one.service, one.revision] = first
    return doubles


def _key(revision: Revision) -> Key:
    return revision.project, revision.service, revision.revision


def _is_near(revision: Revision, deploy: Deploy) -> bool:
    """Of the same region, as far as the regions are known."""
    return "" in {revision.location, deploy.location} or revision.location == deploy.location


def _each_once(deploys: Sequence[Deploy], known: Mapping[Key, Revision]) -> list[Deploy]:
    """Each revision with one deploy that made it: the last one before it was there, none where all came later."""
    claims: dict[Key, list[Deploy]] = defaultdict(list)
    for one in deploys:
        if one.revision and one.makes_revision:
            claims[one.project, one.service, one.revision].append(one)
    lost = set()
    for key, group in claims.items():
        there_ns = _there_ns(known[key]) if key in known else None
        if there_ns is not None:
            before = [one for one in group if one.at_ns <= there_ns + _SKEW_NS]
            maker = max(before, key=lambda one: one.at_ns, default=None)
            lost |= {id(one) for one in group if one is not maker}
    return [replace(one, revision="", makes_revision=False) if id(one) in lost else one for one in deploys]


def _there_ns(revision: Revision) -> int | None:
    return revision.created_ns if revision.created_ns is not None else revision.first_seen_ns


def _seeks(deploy: Deploy) -> bool:
    """Whether it made a revision, and which one is not told."""
    return deploy.makes_revision and not deploy.revision and deploy.outcome != "failed"


def _belongs_to_later(born: Revision, free: Sequence[Revision], deploy: Deploy, later: Sequence[Deploy]) -> bool:
    """Whether a request after this one, but before the revision, would have none if this one took it."""
    there_ns = _there_ns(born) or 0
    for one in later:
        if one.at_ns > there_ns:
            return False
        if _seeks(one) and (one.project, one.service) == (deploy.project, deploy.service) and _is_near(born, one):
            return not any(other is not born and (_there_ns(other) or 0) >= one.at_ns for other in free)
    return False


def _born_of(deploy: Deploy, free: Sequence[Revision], own: Sequence[Revision]) -> Revision | None:
    """The revision that this request made: there moments after it, and named after all that were there before."""
    candidates = []
    for one in free:
        there_ns = _there_ns(one)
        if there_ns is not None and deploy.at_ns - _CLOCK_NS <= there_ns <= deploy.at_ns + _BIRTH_NS:
            candidates.append((there_ns, one))
    if not candidates:
        return None
    there_ns, first = min(candidates, key=lambda pair: (pair[0], pair[1].revision))
    if first.created_ns is not None:
        return first
    # rows alone: an old revision may have been silent until now, unless its number says that it is new
    older = [number_of(one.revision) for one in own if one is not first and (_there_ns(one) or there_ns) < there_ns]
    number = number_of(first.revision)
    is_new = number is not None and bool(older) and all(one is not None and one < number for one in older)
    return first if is_new else None


def _ended(deploy: Deploy, revision: Revision | None) -> Deploy:
    """What became of it, as the revision it made tells."""
    if revision is None or not deploy.makes_revision or deploy.outcome == "failed":
        return deploy
    if revision.failed_ns is not None and revision.ready_ns is None:
        return replace(deploy, outcome="failed", message=deploy.message or revision.failure)
    is_there = revision.ready_ns is not None or revision.requests or revision.traffic_ns is not None
    return replace(deploy, outcome="succeeded") if is_there else deploy


def _is_same(first: Deploy, second: Deploy, revisions: Mapping[Key, Revision]) -> bool:
    """Whether both asked for one and the same; false where that is not known."""
    if first.nonce and first.nonce == second.nonce:
        return True
    made = [revisions.get((one.project, one.service, one.revision)) for one in (first, second)]
    if made[0] and made[1]:
        found = difference(made[0], made[1])
        return found.label == "nothing" and not found.unknown
    old, new = first.config, second.config  # one of them made no revision: what was asked for is comparable
    is_known = all(one and one.get("env") is not None and one.get("image") for one in (old, new))
    return is_known and old == new
