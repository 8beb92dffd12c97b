"""Configuration that disagrees between services: one key with another secret, version, hash or source.

Most keys differ by right: each service has its own port and database. So a drift is told where it says itself why: the
services held the same before; they pin one secret to different versions; or all but one agree on a credential.
What merely differs is told only where a failure names the key, or is a refusal between exactly these services. Hashes
of literals can be compared because all of a store have one key.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from msgspec import Struct

from classifiers.changes import variable_text
from classifiers.explained import BLAMED
from classifiers.findings import Cluster, Drift, DriftSide, Evidence
from classifiers.order import in_deploy_order
from classifiers.routing import Routing
from classifiers.service_names import plain_name
from classifiers.serving import serving_revision
from classifiers.suspects import CallGraph
from classifiers.vanished import KeyId, keys_of
from collector.records import Revision
from collector.replacing import replace

__all__ = ["find_drifts", "tie_drifts"]

_CREDENTIAL = re.compile(
    r"(?i)secret|password|passwd|token|credential|private|jwt|hmac|salt|signing|audience|issuer|cert|auth|"
    r"(?:^|_)(?:key|keys|api_?key|service_?id)(?:_|$)"
)
# What services prove themselves with to each other; a token may well be that of somebody else's interface.
_BETWEEN = re.compile(
    r"(?i)jwt|hmac|sign(?:ing|ature)|service_?(?:id|secret|key|token)|identity|issuer|audience|shared|internal|bypass"
    r"|(?:^|_)auth(?:_|$)"
)
_WRONG = r"(?:invalid|wrong|bad|expired|unknown|refused|rejected|mismatch\w*|differs?)"
_PROOF = r"(?:token|jwt|audience|issuer|credentials?|secret|service[_ -]?id)"
_REFUSAL = re.compile(
    r"(?i)\b(?:401|403|unauthori[sz]ed|unauthenticated|forbidden|not authenticated|authentication (?:failed|error))\b"
    rf"|signature|\b{_WRONG}\W+(?:\w+\W+){{0,2}}{_PROOF}\b|\b{_PROOF}\W+(?:\w+\W+){{0,3}}{_WRONG}\b"
)
_RESTLESS = 0.5  # share of the deploys that change a key, from which it is a stamp of the deploy
_FEW_DEPLOYS = 3
_LONG_NS = 3600 * 10**9  # a drift that breaks something breaks it sooner, where it is asked
_AGREEING = 3  # services that agree while one does not
_Value = tuple[str, ...]
_Service = tuple[str, str]


class _State(Struct, frozen=True):
    """What one revision holds, from an instant on."""

    service: _Service
    at_ns: int
    revision: str
    keys: Mapping[KeyId, dict[str, str]]


def find_drifts(revisions: Sequence[Revision], routings: Sequence[Routing] = ()) -> tuple[Drift, ...]:
    """Every key on which the serving revisions of services of one project disagree; `is_telling` where it says why."""
    found: list[Drift] = []
    ordered = in_deploy_order(revisions)
    for _, group in groupby(ordered, key=lambda one: one.project):
        found += _of_project(list(group), routings)
    return tuple(
        sorted(found, key=lambda one: (not one.is_telling, -(one.since_ns or 0), one.project, one.key, one.kind))
    )


def tie_drifts(
    drifts: Sequence[Drift], clusters: Sequence[Cluster], calls: CallGraph
) -> tuple[tuple[Drift, ...], tuple[Cluster, ...]]:
    """The drifts worth telling with the clusters that they may explain, and the clusters with these as evidence."""
    tied = [replace(one, cluster_ids=tuple(two.id for two in clusters if _rule(one, two, calls))) for one in drifts]
    told = tuple(one for one in tied if one.is_telling or one.cluster_ids)
    explained = tuple(
        replace(cluster, evidence=(*cluster.evidence, *_evidence(cluster, told, calls))) for cluster in clusters
    )
    return told, explained


def _evidence(cluster: Cluster, drifts: Iterable[Drift], calls: CallGraph) -> Iterator[Evidence]:
    for drift in drifts:
        rule = _rule(drift, cluster, calls)
        if rule and cluster.id in drift.cluster_ids:
            why = "which this failure names" if rule == "rule:names-a-drift" else "and this is a refusal between them"
            told = f"{drift.key} differs between services, {why}: {_held(drift)}; {drift.statement}"
            yield Evidence("inferred", told, rule, revisions=tuple(side.revision for side in drift.sides))


def _held(drift: Drift) -> str:
    return ", ".join(f"{side.holds} in {side.service}" for side in drift.sides)


def _rule(drift: Drift, cluster: Cluster, calls: CallGraph) -> str | None:
    """Why a drift may explain a cluster; None where nothing says so."""
    services = {side.service for side in drift.sides}
    if cluster.project != drift.project or cluster.service not in services:
        return None
    text = f"{cluster.title}\n{cluster.sample}"
    if drift.since_ns is not None and drift.since_ns > cluster.onset.latest_ns:
        return None
    is_distinct = "_" in drift.key or _CREDENTIAL.search(drift.key)
    if is_distinct and re.search(rf"(?<![A-Za-z0-9_]){re.escape(drift.key)}(?![A-Za-z0-9_])", text):
        return "rule:names-a-drift"
    if not (_BETWEEN.search(drift.key) and _REFUSAL.search(text)) or _is_told(drift, cluster):
        return None
    others = _disagreeing(drift, cluster.service)
    is_met = any(
        plain_name(other) in text or calls.reaches(cluster.service, other) or calls.reaches(other, cluster.service)
        for other in others
    )
    return "rule:drift-between-services" if is_met else None


def _is_told(drift: Drift, cluster: Cluster) -> bool:
    """Something else explains the cluster, or nothing failed of it for long while the drift was there."""
    blamed = cluster.attribution
    if blamed is not None and blamed.confidence >= BLAMED:
        is_it = blamed.change is not None and blamed.change.name.rpartition("/")[2] == drift.key
        return not is_it and (drift.parted_service, drift.parted_by) != (blamed.service, blamed.revision)
    named = [one for one in cluster.hypotheses if one.confidence >= BLAMED and one.cause not in {"revision", "unknown"}]
    if named:  # a rotation of the very secret that differs; that of another one explains it without this
        secrets = {side.holds.removeprefix("secret ").partition(":")[0] for side in drift.sides}
        return not any(
            one.cause == "secret_rotation" and secrets & set(re.findall(r"[\w/.-]+", one.statement)) for one in named
        )
    is_older = drift.since_ns is not None and drift.since_ns < cluster.onset.earliest_ns - _LONG_NS
    return is_older and cluster.onset.rate_before == 0


def _disagreeing(drift: Drift, service: str) -> list[str]:
    own = {side.holds for side in drift.sides if side.service == service}
    return [side.service for side in drift.sides if side.holds not in own]


def _of_project(revisions: list[Revision], routings: Sequence[Routing]) -> list[Drift]:
    history: dict[_Service, list[_State]] = {}
    now: dict[_Service, _State] = {}
    for key, group in groupby(revisions, key=lambda one: (one.project, one.service)):
        own = [one for one in group if one.failed_ns is None or one.ready_ns is not None or one.requests]
        states = [state for one in own if (state := _state(key, one)) is not None]
        serving = serving_revision(key, own, routings)
        current = next((one for one in states if serving and one.revision == serving.revision), None)
        if current is not None:
            history[key], now[key] = states, current
    events = sorted(
        (state for states in history.values() for state in states), key=lambda one: (one.at_ns, one.service)
    )
    restless = {key for states in history.values() for key in _restless(states)}
    names = sorted({key for state in now.values() for key in state.keys if not key.is_mounted and "/" not in key.name})
    single = [drift for key in names if (drift := _of_key(key, now, events, is_restless=key in restless))]
    parted = {drift.key for drift in single if drift.kind == "parted"}
    versions = [drift for drift in _versions(now, events) if drift.key not in parted]
    told = {drift.key for drift in versions}
    return [*versions, *(drift for drift in single if drift.key not in told)]


def _state(service: _Service, one: Revision) -> _State | None:
    keys = keys_of(one)
    instants = (one.traffic_ns, one.created_ns, one.ready_ns, one.first_seen_ns)
    at_ns = next((at_ns for at_ns in instants if at_ns is not None), None)
    return None if keys is None or at_ns is None else _State(service, at_ns, one.revision, keys)


def _value(told: Mapping[str, str] | None, project: str) -> _Value | None:
    """What a key holds, so that two can be compared; None where that is not known."""
    if told is None or told["source"] == "unknown":
        return None
    if told["source"] == "secret":
        return "secret", told["secret"].removeprefix(f"{project}/"), told["version"]
    return told["source"], told["hash"]


def _restless(states: Sequence[_State]) -> Iterator[KeyId]:
    """Keys that nearly each deploy changes: stamps of the deploy itself."""
    if len(states) < _FEW_DEPLOYS:
        return
    changed: Counter[KeyId] = Counter()
    for before, after in pairwise(states):
        changed.update(key for key in before.keys.keys() & after.keys.keys() if before.keys[key] != after.keys[key])
    yield from (key for key, many in changed.items() if many >= _RESTLESS * (len(states) - 1))


def _of_key(key: KeyId, now: Mapping[_Service, _State], events: Sequence[_State], *, is_restless: bool) -> Drift | None:
    """The drift of one variable over all services that have it; None where they agree or one is not known."""
    held = {service: value for service, state in now.items() if (value := _value(state.keys.get(key), service[0]))}
    if len(set(held.values())) < 2:  # noqa: PLR2004 - two values that differ
        return None
    sources = {value[0] for value in held.values()}
    parted = _parted(key, held, events) if len(sources) == 1 else None
    is_credential = "secret" in sources or _CREDENTIAL.search(key.name) is not None
    sides = _sides(key, now, held)
    since_ns = max(_held_since(key, now[service], events) for service in held)
    if parted:
        name = f"{parted.service[1]} {parted.revision}"
        return Drift(
            parted.service[0], key.name, "parted", sides, parted.at_ns, parted.service[1], parted.revision,
            f"they held the same until {name}", is_telling=is_credential and not is_restless,
        )  # fmt: skip
    odd = _odd_one_out(held) if is_credential and len(sources) == 1 else None
    if odd:
        others = len(held) - 1
        told = f"{others} services hold the same, {odd[1]} does not"
        return Drift(odd[0], key.name, "odd one out", sides, since_ns, None, None, told, is_telling=not is_restless)
    told = "it is not known that they ever held the same"
    if len(sources) > 1:
        told = "a secret and a literal cannot be compared: they may hold the same"
    project = next(iter(held))[0]
    return Drift(project, key.name, "differs", sides, since_ns, None, None, told, is_telling=False)


def _held_since(key: KeyId, state: _State, events: Sequence[_State]) -> int:
    """When a service began to hold what it holds now, as far as its revisions are known."""
    value = _value(state.keys.get(key), state.service[0])
    since_ns = state.at_ns
    for event in reversed(events):
        if event.service == state.service and event.at_ns <= state.at_ns:
            if _value(event.keys.get(key), event.service[0]) != value:
                break
            since_ns = event.at_ns
    return since_ns


def _sides(key: KeyId, now: Mapping[_Service, _State], held: Iterable[_Service]) -> tuple[DriftSide, ...]:
    return tuple(
        DriftSide(service[1], now[service].revision, variable_text(now[service].keys[key])) for service in sorted(held)
    )


def _parted(key: KeyId, held: Mapping[_Service, _Value], events: Sequence[_State]) -> _State | None:
    """The last deploy after which two services that held the same, and differ now, held something else."""
    state: dict[_Service, _Value | None] = {}
    equal: dict[_Service, set[_Service]] = {service: set() for service in held}
    last: _State | None = None
    for event in events:
        service = event.service
        if service not in held:
            continue
        value = _value(event.keys.get(key), service[0])
        if service in state and state[service] == value:
            continue
        state[service] = value
        same = {
            one for one, other in state.items() if value is not None and other == value and held[one] != held[service]
        }
        if equal[service] - same:
            last = event
        for one in equal[service] ^ same:
            (equal[one].add if one in same else equal[one].discard)(service)
        equal[service] = same
    return last


def _odd_one_out(held: Mapping[_Service, _Value]) -> _Service | None:
    """The one service that differs while all others agree, where there are at least two others."""
    counts = Counter(held.values())
    if len(counts) != 2 or min(counts.values()) != 1 or max(counts.values()) < _AGREEING:  # noqa: PLR2004 - they and it
        return None
    return next(service for service, value in sorted(held.items()) if counts[value] == 1)


def _versions(now: Mapping[_Service, _State], events: Sequence[_State]) -> list[Drift]:
    """Secrets that services refer to in different versions, as variables or mounted, whatever the keys are called."""
    used: dict[str, dict[_Service, set[tuple[str, KeyId]]]] = {}
    for service, state in now.items():
        for key, told in state.keys.items():
            value = _value(told, service[0])
            if value is not None and value[0] == "secret":
                used.setdefault(value[1], {}).setdefault(service, set()).add((value[2], key))
    found = []
    for secret, uses in sorted(used.items()):
        versions = {service: frozenset(version for version, _ in held) for service, held in uses.items()}
        if len(set(versions.values())) < 2:  # noqa: PLR2004 - two versions that differ
            continue
        names = {key.name for held in uses.values() for _, key in held}
        since_ns = max(_held_since(key, now[service], events) for service, held in uses.items() for _, key in held)
        sides = tuple(
            DriftSide(service[1], now[service].revision, f"secret {secret}:{', '.join(sorted(versions[service]))}")
            for service in sorted(uses)
        )
        project = next(iter(uses))[0]
        statement = "one secret in different versions"
        pinned = {one for one in versions.values() if "latest" not in one}
        if len(pinned) < len(set(versions.values())):
            statement += "; which one `latest` is depends on when the instance started"
        title = names.pop() if len(names) == 1 else secret
        is_telling = len(pinned) > 1  # `latest` may well be the version that another service pins
        found.append(Drift(project, title, "version", sides, since_ns, None, None, statement, is_telling=is_telling))
    return found
