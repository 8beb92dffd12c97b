"""What a claim is about, found in the store: its rows, its clusters, its revisions, and what time it means."""

import re
from collections.abc import Sequence
from itertools import product

from msgspec import Struct, field

from classifiers.claims.records import Claim, Moment, Names, Span, Subject
from classifiers.claims.rows import Asker, Rows, Scope, full_services, like_pattern
from classifiers.findings import Cluster, Findings
from classifiers.order import in_deploy_order
from classifiers.service_names import plain_name
from collector.records import Revision
from collector.replacing import replace
from collector.window import NS_PER_S, Window

__all__ = ["Ground", "Target", "find_main", "named_revisions", "places_of", "targets_of", "windows_of"]

_SLACK_NS = 300 * NS_PER_S  # by which a window may reach beyond the first and the last row that is stored
_LONGEST_NS = 24 * 3600 * NS_PER_S  # of a span whose ends are two times of day
_ERROR = 17  # OpenTelemetry's number
_REFUSED = 400
_TITLE = 90


class Target(Struct, frozen=True):
    """Rows that a subject names, and how they were matched. `is_sure`: by a text, a status or an event, as written."""

    told: str
    asked: dict[str, object]  # of Asker.entries; {"event": name} of Asker.events
    clusters: tuple[Cluster, ...] = ()
    is_sure: bool = True
    is_request: bool = False  # a row is a request

    def rows(self, ground: "Ground", scope: Scope) -> Rows:
        """Its rows in a scope."""
        if "event" in self.asked:
            found = ground.asker.events(scope.window, self.asked["event"])  # type: ignore[arg-type] # a name or None
        else:
            found = ground.asker.entries(scope.window, **self.asked)
        return found.of(scope.services, scope.revisions)


class Ground(Struct):
    """All that claims are held against: findings, ledger and stored rows. `window` is what was analysed."""

    asker: Asker
    findings: Findings
    revisions: tuple[Revision, ...]
    names: Names
    window: Window
    first_ns: int  # of all that is stored
    last_ns: int
    main: Target | None = None
    problems: tuple[Cluster, ...] = field(default=())

    def covers(self, window: Window) -> bool:
        """All rows of a time are stored, as far as that can be known."""
        until = self.findings.coverage.complete_until_ns
        last = self.last_ns if until is None else max(self.last_ns, until)
        return window.start_ns >= self.first_ns - _SLACK_NS and window.end_ns <= last + _SLACK_NS

    def exposure(self, scope: Scope) -> Rows:
        """What was logged and asked in a scope."""
        return self.asker.scope(scope.window).of(scope.services, scope.revisions)


def targets_of(claim_subject: Subject, ground: Ground) -> list[Target]:
    """What a subject names by a text, a status, an event or a route; empty where it names nothing so."""
    found = [one for text in claim_subject.texts for one in _of_text(text, ground)]
    found += [_of_status(low, high, claim_subject.routes, ground) for low, high in claim_subject.statuses]
    found += [_of_event(name) for name in claim_subject.events]
    if not found:
        found += [
            Target(f"requests to {route}", {"path": _path(route)}, is_request=True) for route in claim_subject.routes
        ]
    return found


def find_main(claims: Sequence[Claim], ground: Ground) -> Target | None:
    """What a text is about where a sentence does not say: the first named failure, else the only incident's root."""
    for claim in claims:
        if claim.kind == "silence":
            continue
        for target in targets_of(replace(claim.subject, events=(), routes=()), ground):
            if target.clusters:
                return replace(target, clusters=target.clusters)
    problems = {one.id: one for one in ground.findings.clusters}
    roots = [problems[one.root] for one in ground.findings.incidents if one.root in problems]
    if len(ground.findings.incidents) == 1 and roots:
        return _of_clusters((roots[0],))
    return None


def places_of(subject: Subject, ground: Ground) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """Services and revisions of a subject by their full names, and the names that the store does not know."""
    services = full_services(subject.services, ground.names.services)
    revisions: list[str] = []
    unknown: list[str] = []
    for name in subject.revisions:
        found = named_revisions(name, services, ground)
        if found:
            revisions += [one.revision for one in found]
        else:
            unknown.append(name)
    return services, tuple(dict.fromkeys(revisions)), unknown


def named_revisions(name: str, services: Sequence[str], ground: Ground) -> list[Revision]:
    """The revisions that a name means: the whole one, what follows the service, or its number."""
    ordered = in_deploy_order(ground.revisions)
    exact = [one for one in ordered if one.revision == name]
    found = exact or [one for one in ordered if one.revision.removeprefix(f"{plain_name(one.service)}-") == name]
    if not found and re.fullmatch(r"\d+", name):
        found = [
            one
            for one in ordered
            if (n := re.search(r"-(\d{5})-[a-z0-9]{3}\Z", one.revision)) and int(n[1]) == int(name)
        ]
    near = [one for one in found if one.service in services]
    return near or found


def windows_of(span: Span | None, ground: Ground) -> list[Window]:
    """The times that a claim may mean, the likeliest first; without a span the whole window."""
    if span is None:
        return [ground.window]
    starts = [ground.window.start_ns] if span.start is None else _inside(span.start, ground)
    ends = (
        [ground.window.end_ns]
        if span.end is None
        else [at + (span.end.width_ns if span.relation == "between" else 0) for at in _inside(span.end, ground)]
    )
    pairs = [(a, b) for a, b in product(starts, ends) if a < b]
    if span.start and span.end and len(pairs) > 1:
        pairs = [(a, b) for a, b in pairs if b - a <= _LONGEST_NS] or pairs
    return [Window(a, b) for a, b in pairs]


def _inside(moment: Moment, ground: Ground) -> list[int]:
    """What a time may mean within the window, else all that it may mean."""
    near = [at for at in moment.at_ns if ground.window.start_ns - _SLACK_NS <= at <= ground.window.end_ns + _SLACK_NS]
    return near or list(moment.at_ns)


def _of_text(text: str, ground: Ground) -> list[Target]:
    told = f"entries that say `{text}`"
    if text.isdigit():  # the code of a closed socket: in what words it is logged is not known
        shapes = ((f"{told} and that something closed", f"%clos%{text}%"), (told, f"%{text}%"))
        return [Target(name, {"pattern": pattern}, is_sure=False) for name, pattern in shapes]
    target = Target(told, {"pattern": like_pattern(text)})
    first = set(target.rows(ground, Scope(ground.window)).ids())
    clusters = tuple(
        one
        for one in ground.problems
        if first.intersection(one.insert_ids) or text.lower() in f"{one.title}\n{one.sample}".lower()
    )
    return [replace(target, clusters=clusters)]


def _of_status(low: int, high: int, routes: Sequence[str], ground: Ground) -> Target:
    told = f"{low // 100}xx" if high - low == 99 else str(low)  # noqa: PLR2004 - a family of statuses
    asked: dict[str, object] = {"low": low, "high": high}
    if len(routes) == 1:
        asked["path"] = _path(routes[0])
    clusters = () if low < _REFUSED or low != high else tuple(
        one for one in ground.problems if re.search(rf"(?<!\d){low}(?!\d)", one.title)
    )  # fmt: skip
    where = f" to {routes[0]}" if len(routes) == 1 else ""
    return Target(f"requests{where} answered {told}", asked, clusters, is_request=True)


def _of_event(name: str) -> Target:
    return Target(f"events `{name}`", {"event": name})


def _of_clusters(clusters: tuple[Cluster, ...]) -> Target:
    ids = tuple(dict.fromkeys(name for one in clusters for name in one.insert_ids))
    told = "; ".join(f"cluster {one.id} ({one.title[:_TITLE]})" for one in clusters[:2])
    return Target(told, {"insert_ids": ids}, clusters, is_sure=False)


def of_clusters(clusters: Sequence[Cluster]) -> Target:
    """The rows of clusters."""
    return _of_clusters(tuple(clusters))


def errors_target() -> Target:
    """Entries at level ERROR or above."""
    return Target("entries at ERROR or above", {"severity": _ERROR}, is_sure=False)


def _path(route: str) -> str:
    """A pattern of LIKE of a route: parameters are anything, and so is what follows a question mark."""
    bare = route.rsplit(" ", maxsplit=1)[-1].rstrip("*").rstrip("/") or "/"
    escaped = bare.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return re.sub(r"\{[^}]*\}|:\w+|\*|<[^>]*>", "%", escaped) + "%"
