"""Attribution of every case of a window: roots are weighed, symptoms follow their root.

A cascade is first read from the logs alone. Where a revision of another service in the same cascade turns out guilty,
that service's failure is the root: a refusal by the called side is a symptom of the caller's broken deploy.
"""

from collections.abc import Collection, Mapping, Sequence

import orjson
import polars as pl
from msgspec import Struct

from classifiers.afar import follow_called, root_of
from classifiers.attribution import Fit, Weighed, Weight, lead_change, weigh
from classifiers.cases import Case
from classifiers.changes import Difference
from classifiers.config import AttributionConfig
from classifiers.explained import BLAMED
from classifiers.first_bad import ACCESS, REFUSAL
from classifiers.history import History
from classifiers.instance_order import is_mild
from classifiers.lineage import Lineage
from classifiers.links import Link
from classifiers.named import Namings
from classifiers.natures import is_about_certificate, is_about_dependency
from classifiers.outsiders import Outsiders
from classifiers.returns import returned
from classifiers.rivals import Candidate
from classifiers.siblings import came_alike
from classifiers.suspects import Suspects
from classifiers.untraced import services_named
from collector.replacing import replace

__all__ = ["Judged", "weigh_cases"]

_AT_ONCE_NS = 120_000_000_000
_APART = 0.1  # share of traces in common up to which two clusters are independent
_SERVER_ERROR = 500
_SUSPECTED = 0.02  # of a caller whose own failure its deploy explains: not out of the question for the refusal
_FROM_THE_START = 3.0  # failures expected of a revision before its first one, from which it ran well at first


class Judged(Struct, frozen=True):
    """A case with its place in the cascade and the explanations of its root."""

    case: Case
    root: str
    link: Link | None
    weighed: Weighed
    shared: tuple[str, ...]  # services without a link that began to fail at once
    text: str
    lineage: Lineage


def weigh_cases(  # noqa: PLR0913 - what the stations before found, passed on as it is
    cases: Sequence[Case], links: Mapping[str, Link], suspects: Suspects, history: History, samples: pl.DataFrame,
    config: AttributionConfig, *, looks: int = 1, together: Mapping[str, Link] | None = None,
) -> list[Judged]:  # fmt: skip
    """Every case judged, in the order given. `looks`: clusters that were looked at, problems or not.

    `together` are links of failures that always come together, for roots that nothing else joins.
    """
    court = _Court(cases, links, suspects, history, _texts(cases, samples), looks, config)
    court.weigh_roots()
    court.crown_heirs()
    court.join_strays()
    follow_called(court.cases, court.links, court.verdicts, suspects.calls)
    court.join_twins()
    court.join_together(together or {})
    return [
        Judged(
            case,
            root,
            court.links.get(case.cluster_id),
            court.verdicts[root],
            court.shared[root],
            court.texts[root],
            court.lineage,
        )
        for case in cases
        for root in [root_of(case.cluster_id, court.links)]
    ]


class _Court:
    """Weighs roots and mends the cascade where a verdict shows that the root is another one."""

    def __init__(  # noqa: PLR0913, PLR0917 - as weigh_cases is given them
        self, cases: Sequence[Case], links: Mapping[str, Link], suspects: Suspects, history: History,
        texts: dict[str, str], looks: int, config: AttributionConfig,
    ) -> None:  # fmt: skip
        self.cases = {case.cluster_id: case for case in cases}
        self.links = dict(links)
        self.texts = texts
        self.shared: dict[str, tuple[str, ...]] = dict.fromkeys(self.cases, ())
        self.verdicts: dict[str, Weighed] = {}
        self._suspects = suspects
        self._config = config
        self._services = history.traces.services
        self._looks = looks
        self.lineage = Lineage(history.revisions, history.routings)
        services = {one.service for one in history.revisions} | {case.service for case in cases}
        self._namings = Namings(texts.values(), services)
        self._outsiders = Outsiders(history, suspects.calls, config)
        self._heard: dict[str, tuple[list[tuple[Candidate, Difference | None]], list[Fit]]] = {}
        self._found: dict[tuple[str, int, frozenset[tuple[str, str]]], Weighed] = {}

    def weigh_roots(self) -> None:
        """A verdict on the root of every cascade: by itself first, then in the light of what else began at once."""
        roots = sorted({root_of(name, self.links) for name in self.cases})
        alone = {root: self._weighed(root) for root in roots}
        explained = {root for root, verdict in alone.items() if verdict.best and verdict.best.confidence >= BLAMED}
        for name in self.cases:
            self.shared[name] = self._shared(name, explained)
        for root in roots:
            self.verdicts[root] = self._weighed(root) if self.shared[root] else alone[root]

    def crown_heirs(self) -> None:
        """Where the failure of a caller is explained by its own deploy, it takes the place of the called one's refusal.

        What breaks in the called service stays the root: that is where the failure is thrown, whoever asked for it.
        """
        for root in sorted(self.verdicts):
            if not self._is_refusal(root):
                continue
            best = self.verdicts[root].best
            if best and best.candidate.relation == "own" and best.confidence >= BLAMED:
                continue
            heir = self._heir(root)
            if heir:
                link = self.links.pop(heir)
                turned = replace(link, symptom=root, cause=heir, lag_ns=-link.lag_ns)
                self.links[root] = self._asked(turned) if link.kind == "traces" else turned

    def _asked(self, link: Link) -> Link:
        """A refusal below the failure of the service that asked: all of it where it names who asked, else by traces."""
        case, caller = self.cases[link.symptom], self.cases[link.cause]
        shared = case.units
        if caller.service not in services_named(case, [caller]):
            through = set(self._services.filter(pl.col("service") == caller.service)["trace"]) | caller.met_ns.keys()
            shared = sum(trace in through for trace in case.met_ns)
        return replace(link, share=shared / max(1, case.units), shared=shared, kind="asked")

    def _is_refusal(self, name: str) -> bool:
        """The service warns of it, or answers the requests that it refuses so with 4xx."""
        case = self.cases[name]
        answers = [self.cases[link.symptom] for link in self.links.values() if link.cause == name]
        return is_mild(case) or any(
            one.is_request_only and one.service == case.service and (one.http_status or _SERVER_ERROR) < _SERVER_ERROR
            for one in answers
        )

    def join_strays(self) -> None:
        """A failure that no trace links, but that a revision explains which is guilty elsewhere, is its symptom."""
        guilty = {
            (best.candidate.service, best.candidate.revision): root
            for root in sorted(self.verdicts)
            if root_of(root, self.links) == root
            and (best := self.verdicts[root].best)
            and best.candidate.relation == "own"
            and best.confidence >= BLAMED
        }
        for root in sorted(self.verdicts):
            service = self.cases[root].service
            if root_of(root, self.links) != root or root in guilty.values():
                continue
            known = {key for key in guilty if key[0] != service}
            self.verdicts[root] = verdict = self._weighed(root, known)
            best = verdict.best
            cause = guilty.get((best.candidate.service, best.candidate.revision)) if best else None
            if best is None or cause is None or best.confidence < BLAMED or best.candidate.service == service:
                continue
            if self.cases[cause].fit.at_ns <= self.cases[root].fit.at_ns + _AT_ONCE_NS:
                case = self.cases[root]
                share = best.split.failures_bad / case.units
                self.links[root] = Link(root, cause, share, best.split.failures_bad, 0, "guilt")

    def join_twins(self) -> None:
        """Failures that began at once with one and the same deploy are one cascade, though no trace links them."""
        groups: dict[tuple[str, str, str, str, str], list[tuple[str, Weight]]] = {}
        for name in sorted(self.verdicts):
            best = self.verdicts[name].best
            if root_of(name, self.links) != name or not best or best.confidence < BLAMED:
                continue
            change, _ = lead_change(best, self.texts[name])
            if best.candidate.relation == "own" and change:
                key = (self.cases[name].project, best.candidate.service, best.candidate.revision)
                groups.setdefault((*key, change.type, change.name), []).append((name, best))
        for (*_, kind, _name), twins in sorted(groups.items()):
            root, *others = sorted(twins, key=lambda one: self._distance(one[0], one[1], kind))
            for other, best in others:
                case = self.cases[other]
                if self._is_twin(root, (other, best), kind):
                    share = best.split.failures_bad / case.units
                    self.links[other] = Link(other, root[0], share, best.split.failures_bad, 0, "deploy")

    def join_together(self, links: Mapping[str, Link]) -> None:
        """Roots that fail in the same traces are one cascade, unless different deploys are blamed for them."""
        for name, link in sorted(links.items()):
            if {name, link.cause} <= self.cases.keys() and name not in self.links and link.cause not in self.links:
                blamed = {
                    (best.candidate.service, best.candidate.revision)
                    for one in (name, link.cause)
                    if (best := self.verdicts[one].best) and best.confidence >= BLAMED
                }
                if len(blamed) <= 1:
                    self.links[name] = link

    def _distance(self, name: str, weight: Weight, kind: str) -> tuple[bool, bool, int, int, str]:
        """How far a failure is from the change that did it: by what it names, by time, by how much failed."""
        case = self.cases[name]
        is_refusal = kind in ACCESS and REFUSAL.search(self.texts[name]) is not None
        return (weight.named is None, not is_refusal, case.fit.at_ns, -case.units, name)

    def _is_twin(self, root: tuple[str, Weight], other: tuple[str, Weight], kind: str) -> bool:
        """Both began at the same moment; or, of a setting that is gone, both as soon as it could be missed."""
        if self.cases[root[0]].fit.began_with(self.cases[other[0]].fit):
            return True
        return kind in ACCESS and all(_from_the_start(self.cases[name], weight) for name, weight in (root, other))

    def _shared(self, name: str, explained: Collection[str]) -> tuple[str, ...]:
        """Other services that began to fail at the same moment without a link: they speak for a cause outside.

        They must fail of the same thing; or not depend on this service, and no deploy explain either of the two.
        """
        case, found = self.cases[name], set()
        if not case.fit.is_change:
            return ()
        for other in self.cases.values():
            root = root_of(other.cluster_id, self.links)
            is_strange = other.service != case.service and other.fit.is_change and not other.is_request_only
            if not is_strange or root == root_of(name, self.links) or not _began_at_once(case, other):
                continue
            if not _is_apart(case, other) or came_alike(case, other, self.lineage):
                continue
            is_unexplained = root not in explained and root_of(name, self.links) not in explained
            is_independent = is_unexplained and not self._suspects.calls.reaches(other.service, case.service)
            if _is_same_kind(case, other, self.texts) or (is_independent and case.is_traced and other.is_traced):
                found.add(other.service)
        return tuple(sorted(found))

    def _weighed(self, name: str, known: Collection[tuple[str, str]] = ()) -> Weighed:
        """The verdict on a case; each is found once for what it depends on, which is rarely more than the case."""
        case = self.cases[name]
        if name not in self._heard:
            served = self.lineage.served
            found = [(one, served(one.project, one.service, one.revision)) for one in self._suspects.of(case)]
            self._heard[name] = ([*found, *returned(case, found, self.lineage)], [])
        found, fits = self._heard[name]
        guilty = frozenset((one.service, one.revision) for one, _ in found) & frozenset(known)
        key = (name, len(self.shared[name]), guilty)
        if key not in self._found:
            rivals, alone = self._outsiders.of(case, self.texts[name], [one for one, _ in found])
            self._found[key] = weigh(
                case, found, shared=key[1], text=self.texts[name], known=guilty, looks=self._looks,
                lineage=self.lineage, namings=self._namings, rivals=rivals, alone=alone, fits=fits,
                config=self._config,
            )  # fmt: skip
        return self._found[key]

    def _line_of(self, name: str) -> str:
        """The failure itself where the case only holds the request lines of one in the same service."""
        link = self.links.get(name)
        is_rendering = (
            link and self.cases[name].is_request_only and self.cases[link.cause].service == self.cases[name].service
        )
        return link.cause if link and is_rendering else name

    def _heir(self, root: str) -> str | None:
        """The nearest direct symptom in a calling service that began at once and that its own revision explains."""
        callers: dict[str, float] = {}
        for weight in self.verdicts[root].weights:
            if weight.candidate.relation != "own":  # services that call one another count as called
                service = weight.candidate.service
                callers[service] = callers.get(service, 0.0) + weight.confidence
        found: list[tuple[int, float, str]] = []
        for link in self.links.values():
            heir = self.cases[link.symptom]
            if self._line_of(link.cause) != root or link.kind not in {"traces", "onset"} or heir.is_request_only:
                continue
            if abs(heir.fit.at_ns - self.cases[root].fit.at_ns) > _AT_ONCE_NS:
                continue
            verdict = self._weighed(link.symptom)
            best = verdict.best
            if not best or best.candidate.relation != "own" or best.confidence < BLAMED:
                continue
            if callers.get(best.candidate.service, 0.0) >= _SUSPECTED:
                self.verdicts[link.symptom] = verdict
                found.append((link.lag_ns, -best.confidence, link.symptom))
        return min(found)[2] if found else None


def _from_the_start(case: Case, weight: Weight) -> bool:
    """The revision did not serve enough before its first failure to say that it ran without."""
    split = weight.split
    own = case.grid.by_revision.get(weight.candidate.revision)
    if own is None or not split.exposed_bad:
        return False
    first = int(case.bins[case.fit.index])
    return float(own[:first].sum()) * split.failures_bad / split.exposed_bad < _FROM_THE_START


def _began_at_once(case: Case, other: Case) -> bool:
    """Both began at the same moment, as far as can be known: a few requests are slow at any time."""
    if case.kind == other.kind == "slow":
        return case.fit.may_have_begun_with(other.fit)
    return case.fit.began_with(other.fit)


def _is_apart(case: Case, other: Case) -> bool:
    """Hardly any trace in common."""
    mine, theirs = case.met_ns.keys(), other.met_ns.keys()
    return len(mine & theirs) <= _APART * min(len(mine), len(theirs))


def _is_same_kind(case: Case, other: Case, texts: Mapping[str, str]) -> bool:
    """The same failure; both could not reach something, wait for the same, or refused a certificate.

    Two that only answered alike on a route of one name are not the same: it is what leads them that counts.
    """
    if case.parts == other.parts and set(case.signature_ids) & set(other.signature_ids):
        return True
    if case.kind == other.kind == "slow":
        return case.parts == other.parts and bool(orjson.loads(case.parts).get("text"))
    return any(
        all(is_about(texts[one.cluster_id]) for one in (case, other))
        for is_about in (is_about_dependency, is_about_certificate)
    )


def _texts(cases: Sequence[Case], samples: pl.DataFrame) -> dict[str, str]:
    """What the failures say: titles, parts, and the full message of one of each signature."""
    told: dict[tuple[str, str, str], str] = {}
    for row in samples.iter_rows(named=True):
        told[row["project"], row["service"], row["signature_id"]] = f"{row['message'] or ''} {row['payload'] or ''}"
    texts = {}
    for case in cases:
        own = [told.get((case.project, case.service, name), "") for name in case.signature_ids]
        texts[case.cluster_id] = " ".join([case.title, case.parts, *own])
    return texts
