"""The labelled lines of one incident (CHANGE, BAD, STORM, HIT, SURE, DO, DONE), as every format tells them. No I/O."""

from collections.abc import Collection, Iterable

from msgspec import Struct

from classifiers.commits import COMMITS
from classifiers.explained import BLAMED
from classifiers.findings import (
    Absence,
    Attribution,
    Cause,
    Change,
    Cluster,
    Evidence,
    Fault,
    Hypothesis,
    Incident,
    Latency,
    RevisionCount,
    State,
)
from classifiers.incidents import title_of
from logtriage.blast_words import blast_words
from logtriage.claim_words import check_words, refuted_words, sighted_words
from logtriage.commands import first_step
from logtriage.done_words import done_words
from logtriage.escape import plain
from logtriage.lookup import Lookup
from logtriage.record_view import settled_here
from logtriage.suites_view import tests_words
from logtriage.wording import (
    NOT_SHOWN,
    Near,
    change_mark,
    clock,
    failures_of,
    join_words,
    origin_words,
    revision_clock,
    short_revision,
    storm_words,
    sure_word,
    unit_word,
)

__all__ = [
    "EXPLAINS",
    "Line",
    "Verdict",
    "cause_lines",
    "changed_words",
    "cluster_lines",
    "done_lines",
    "evidence_refs",
    "incident_lines",
    "pulled_words",
    "state_of",
    "sure_lines",
    "when_words",
]

EXPLAINS = frozenset({"KNOWN", "LOOK"})  # labels of lines that tell of all such failures, not of this one

_CHANGES_SHOWN = 4
_SYMPTOMS_SHOWN = 3
_REVISIONS_SHOWN = 4
_TITLE = 48  # characters of a title inside a line
_RIVALS_SHOWN = 3
_RIVAL_FROM = 0.1  # rivals below this are not worth a line of the first screen
_CAUSES = {
    "revision": "a revision, but which one is not shown",
    "dependency": "a dependency",
    "traffic": "the traffic",
    "secret_rotation": "a rotated secret",
    "certificate": "a certificate",
    "client": "the callers",
    "test_harness": "the test harness",
    "unknown": "not known",
}


class Line(Struct, frozen=True):
    """A label of at most six letters and its text, one plain line. `command`: the end of the text, to be copied."""

    label: str
    text: str
    command: str = ""

    @property
    def lead(self) -> str:
        """The text before its command, whole where it has none."""
        return self.text.removesuffix(self.command).rstrip() if self.command else self.text

    @property
    def lead_inline(self) -> str:
        """The same for formats that fold spaces."""
        return self.lead.replace("   ", ", ")

    @property
    def inline(self) -> str:
        """The text for formats that fold spaces: what three spaces part in columns, commas part here."""
        return self.text.replace("   ", ", ")


class Verdict(Struct, frozen=True):
    """What is claimed of a finding of any kind, for the lines that tell change, cause and certainty."""

    service: str
    attribution: Attribution | None
    hypotheses: tuple[Hypothesis, ...]
    cause: Cause
    fault: Fault
    unit: str
    latest_ns: int  # until when it had begun

    @classmethod
    def of(cls, found: Cluster | Latency | Absence, end_ns: int) -> "Verdict":
        """The claim; `end_ns` stands for an onset that is not known. The cause of a missing event is the likeliest."""
        onset, blamed = found.onset, found.attribution
        unit, latest_ns = (onset.unit, onset.latest_ns) if onset else ("requests", end_ns)
        cause: Cause = "revision" if blamed is not None and blamed.confidence >= BLAMED else "unknown"
        fault: Fault = "unknown"
        if not isinstance(found, Absence):
            cause, fault = found.cause, found.fault
        elif cause == "unknown":
            likely = (one.cause for one in found.hypotheses if one.confidence >= BLAMED and one.evidence)
            cause = next(likely, cause)
        return cls(found.service, blamed, found.hypotheses, cause, fault, unit, latest_ns)


def incident_lines(incident: Incident, root: Cluster, lookup: Lookup) -> tuple[Line, ...]:
    """What a reader of the first screen needs; what is known of all such failures comes last."""
    every = cluster_lines(root, lookup)
    lines = tuple(line for line in every if line.label not in EXPLAINS)
    pulls = pulled_words(incident, root, lookup)
    if pulls:
        at = next((i for i, line in enumerate(lines) if line.label == "HIT"), len(lines))
        lines = (*lines[:at], Line("PULLS", pulls), *lines[at:])
    step = first_step(root, str(incident.number), lookup)
    known = (line for line in every if line.label in EXPLAINS)
    return (*lines, Line("DO", f"{step.why}: {step.line}", step.line), *done_lines(root.id, lookup), *known)


def cluster_lines(cluster: Cluster, lookup: Lookup) -> tuple[Line, ...]:
    """Change or cause, rates, who was hit, how sure, and what is known of such failures."""
    verdict = Verdict.of(cluster, lookup.findings.window.end_ns)
    lines = [*cause_lines(verdict, lookup), *_rate_lines(cluster, lookup)]
    if cluster.storm:
        lines.append(Line("STORM", storm_words(cluster.storm, cluster.onset.unit)))
    incident = lookup.incident_of(cluster.id)
    services = incident.blast.services if incident and incident.blast and incident.root == cluster.id else ()
    reach = blast_words(cluster.blast, services)
    lines.append(Line("HIT", "; ".join((origin_words(cluster), *reach, f"fault: {cluster.fault.replace('_', ' ')}"))))
    if cluster.tests:
        lines.append(Line("TESTS", tests_words(cluster)))
    return (*lines, *sure_lines(verdict, lookup), *_known_lines(cluster))


def sure_lines(verdict: Verdict, lookup: Lookup) -> list[Line]:
    """How sure the claim is, what it rests on, its rivals, and what would refute it."""
    sure = _sure(verdict)
    settled = settled_here(lookup.findings.record)
    if settled and verdict.cause != "unknown":
        sure[0] += f"; {settled}"
    return [Line("SURE" if i == 0 else "", text) for i, text in enumerate(sure)]


def done_lines(finding_id: str, lookup: Lookup) -> tuple[Line, ...]:
    """What must hold before a finding counts as mended, and how far it is."""
    told = done_words(finding_id, lookup.findings)
    return tuple(Line("" if at else "DONE", text) for at, text in enumerate(told))


def when_words(incident: Incident, root: Cluster, lookup: Lookup) -> str:
    """`since 20:33`, `20:33 to 21:10, over`, `back since 20:33`, in UTC, and what goes on where its root does not."""
    began = clock(root.onset.at_ns, lookup.near)
    if root.state != "resolved":
        return f"{'back since' if root.state == 'regressed' else 'since'} {began}"
    ended = f"{began} to {clock(lookup.end_ns(root), lookup.near)}"
    if state_of(incident, root, lookup) == "resolved":
        return f"{ended}, over"
    going_on = sum(symptom.is_ongoing for symptom in lookup.symptoms(incident))
    return f"{ended}; {going_on} of what it pulled down {'goes' if going_on == 1 else 'go'} on"


def state_of(incident: Incident, root: Cluster, lookup: Lookup) -> State:
    """The root's state; an incident whose root is over goes on while a symptom does."""
    is_over = root.state == "resolved"
    return "ongoing" if is_over and any(one.is_ongoing for one in lookup.symptoms(incident)) else root.state


def evidence_refs(evidence: Evidence) -> str:
    """Where a fact can be looked up: query or rule, then ids, at most three of a kind."""
    parts = [evidence.query] if evidence.query else []
    for name, ids in (("entries", evidence.entry_ids), ("traces", evidence.trace_ids)):
        if ids:
            parts.append(f"{name} {', '.join(ids[:3])}")
    if evidence.revisions:
        parts.append(f"revisions {', '.join(evidence.revisions[:3])}")
    return plain("; ".join(parts))


def _known_lines(cluster: Cluster) -> list[Line]:
    known = cluster.known
    return [Line("KNOWN", plain(known.meaning, 400)), Line("LOOK", plain(known.look, 400))] if known else []


def cause_lines(verdict: Verdict, lookup: Lookup) -> list[Line]:
    """The blamed revision and its changes; else the cause, after the revision that is only a candidate."""
    blamed = verdict.attribution
    if blamed is not None and blamed.confidence >= BLAMED:
        return [
            Line("CHANGE", changed_words(verdict.service, verdict.latest_ns, blamed, lookup)),
            *_commit_lines(blamed),
        ]
    maybe = [Line("MAYBE", changed_words(verdict.service, verdict.latest_ns, blamed, lookup))] if blamed else []
    if blamed is not None and verdict.cause == "revision":
        return maybe
    best = max(verdict.hypotheses, key=lambda rival: rival.confidence, default=None)
    text = _cause_words(verdict) + ("" if verdict.cause == "revision" else "; no revision blamed")
    if best is None or (blamed is None and best.cause == "unknown" and best.confidence >= BLAMED):
        return [*maybe, Line("CAUSE", text)]  # SURE tells why
    return [*maybe, Line("CAUSE", f"{text}: {plain(best.statement, 400)}")]


def _commit_lines(blamed: Attribution) -> list[Line]:
    """Where the commits of the blamed deploy can be read."""
    told = [fact.statement.partition(": ")[2] for fact in blamed.evidence if fact.query == COMMITS]
    return [Line("CODE", plain(link, 300)) for link in told if link]


def changed_words(service: str, onset_ns: int, blamed: Attribution, lookup: Lookup) -> str:
    """The blamed revision, when it was deployed and what changed in it; its service where that is another one."""
    is_traffic = blamed.change is not None and blamed.change.type == "traffic"
    began = lookup.revision_began_ns(blamed.service, blamed.revision)
    if is_traffic:  # the change is that of the traffic, and no deploy
        began = lookup.revision_routed_ns(blamed.service, blamed.revision, onset_ns) or began
    revision = revision_clock(blamed.revision, blamed.service, began, lookup.near)
    owner = "" if blamed.service == service else f"{plain(blamed.service, 60)} "
    changes = _all_changes(blamed)
    if not changes:
        twin = lookup.twin_of(blamed.service, blamed.revision, blamed.good_revision)
        equal = f"nothing changed from {short_revision(twin, blamed.service)}"
        return f"{owner}{revision}   {equal if twin else 'what changed in it is not known'}"
    marks = [change_mark(change) for change in changes[:_CHANGES_SHOWN]]
    if len(changes) > _CHANGES_SHOWN:
        marks.append(f"{len(changes) - _CHANGES_SHOWN} more")
    twin = lookup.doubled_by(blamed.service, blamed.revision)
    marks += [f"the same as {short_revision(twin, blamed.service)}"] if twin and not is_traffic else []
    return f"{owner}{revision}   {'   '.join(marks)}"


def _all_changes(blamed: Attribution) -> tuple[Change, ...]:
    return (*((blamed.change,) if blamed.change else ()), *blamed.also_changed)


def _rate_lines(cluster: Cluster, lookup: Lookup) -> list[Line]:
    """Failures beside exposure: of the good and the bad revision, else of all, else before and since the onset."""
    unit, near = unit_word(cluster.onset.unit, 2), lookup.near
    blamed = cluster.attribution
    if blamed is not None:
        good = _counted(cluster.per_revision, blamed.service, blamed.good_revision)
        bad = _counted(cluster.per_revision, blamed.service, blamed.revision)
        if bad is None and blamed.first_seen_bad:  # named is one that nobody asked: the first that showed it
            bad = _counted(cluster.per_revision, blamed.first_seen_bad.service, blamed.first_seen_bad.revision)
        if bad is not None:
            lines = [Line("GOOD", _counted_words(good, unit) + _deleted(good, lookup))] if good else []
            lines.append(Line("BAD", _counted_words(bad, unit) + _last_bad(cluster, bad, near) + _deleted(bad, lookup)))
            return [*lines, *(Line(label, text) for label, text in sighted_words(blamed, near))]
        if cluster.onset.rate_after is not None:  # another service's deploy: its own revisions tell little
            return [Line("RATE", _onset_words(cluster, unit))]
    if cluster.per_revision:
        if any(_exceeds(row) for row in cluster.per_revision):
            rows = [_counted_words(row, unit) for row in cluster.per_revision]
            return [Line("RATE", join_words(rows, _REVISIONS_SHOWN))]
        rows = [_counted_words(row, "") for row in cluster.per_revision]
        return [Line("RATE", f"{join_words(rows, _REVISIONS_SHOWN)} {unit} failed")]
    return [Line("RATE", _onset_words(cluster, unit))]


def _counted(rows: Iterable[RevisionCount], service: str, revision: str | None) -> RevisionCount | None:
    return next((row for row in rows if row.service == service and row.revision == revision), None)


def _deleted(row: RevisionCount, lookup: Lookup) -> str:
    """That a revision is no more, so that nobody looks for it."""
    found = lookup.revision(row.service, row.revision)
    is_gone = found is not None and found.deleted_ns is not None
    return f"; deleted {clock(found.deleted_ns or 0, lookup.near)}" if found and is_gone else ""


def _counted_words(row: RevisionCount, unit: str) -> str:
    name = short_revision(row.revision, row.service) or "revision not known"
    if _exceeds(row):
        return f"{name}: {row.failures:,} failures, while only {row.exposed:,} {unit} are known"
    words = f"{name}: {failures_of(row)}"
    return f"{words} {unit} failed" if unit else words


def _exceeds(row: RevisionCount) -> bool:
    """More failures than what is known to have been exposed: no share can be told."""
    return row.exposed is not None and row.failures > row.exposed


def _last_bad(cluster: Cluster, bad: RevisionCount, near: Near) -> str:
    """Whether a later revision still fails; of a claim with its checks that is told beside where it was good."""
    if cluster.attribution and cluster.attribution.last_good:
        return ""
    failing = [(row.last_ns, row) for row in cluster.per_revision if row.failures and row.last_ns is not None]
    if not failing:
        return ""
    at_ns, row = max(failing, key=lambda pair: pair[0])
    return "" if row is bad else f"; seen bad {revision_clock(row.revision, row.service, at_ns, near)}"


def _onset_words(cluster: Cluster, unit: str) -> str:
    before, after = cluster.onset.rate_before, cluster.onset.rate_after
    if after is None:
        return f"{cluster.units:,} {unit_word(cluster.onset.unit, cluster.units)} failed, of how many is not known"
    known = [row.exposed for row in cluster.per_revision if row.exposed is not None]
    if known and sum(known) < cluster.units:
        return f"{cluster.units:,} failures, while only {sum(known):,} {unit} are known"
    share = "" if before is None else _before(before, cluster.onset.exposed_before)
    old = f"{share} {unit} failed before" if share else "not known before"
    return f"{old}, {_share(after)} since ({cluster.units:,} failed)"


def _before(rate: float, exposed: int | None) -> str:
    """How much failed before: a zero with what it is of."""
    return f"0 of {exposed:,}" if rate == 0 and exposed else f"{_share(rate)} of"


def _share(rate: float) -> str:
    """A measured share as a percentage with two significant figures."""
    if 0 < rate < 0.001:  # noqa: PLR2004 - below, two figures say nothing
        return "under 0.1 %"
    return f"{rate * 100:.2g} %" if rate < 0.995 else f"{rate * 100:.0f} %"  # noqa: PLR2004 - 2 figures would say 1e+02


def pulled_words(incident: Incident, root: Cluster | Latency | Absence, lookup: Lookup) -> str:
    """What it pulls down, in the order in which that began; a service is named where it is not that before it."""
    told: list[str] = []
    before, served = "", root.service
    pulled = [one for one in lookup.members(incident) if one.caused_by or isinstance(one, Cluster)]
    for symptom in pulled[:_SYMPTOMS_SHOWN]:
        owner = "" if symptom.service == served else f"{plain(symptom.service, 60)}: "
        title = f"{owner}{plain(title_of(symptom), _TITLE)}"
        served = symptom.service
        if symptom.explained_share:
            units, unit = _units_of(symptom)
            explained = round(symptom.explained_share * units)
            title += f" ({explained:,}/{units:,} {unit_word(unit, units)})"
        told.append((" -> " if symptom.caused_by == before else "; ") + title)
        before = symptom.id
    left = len(pulled) - len(told)
    return "".join(told)[2:] + (f"; {left} more" if left > 0 and told else "")


def _units_of(found: Cluster | Latency | Absence) -> tuple[int, str]:
    """How often it was seen, and what is counted."""
    if isinstance(found, Cluster):
        return found.units, found.onset.unit
    many = found.slow if isinstance(found, Latency) else found.since.trials - found.since.seen
    return many, found.onset.unit if found.onset else "requests"


def _cause_words(verdict: Verdict) -> str:
    """What the cause is called; something else that people set up is no dependency that fails by itself."""
    is_setting = verdict.cause == "dependency" and verdict.fault == "configuration"
    return "a setting outside the service" if is_setting else _CAUSES[verdict.cause]


def _sure(verdict: Verdict) -> list[str]:
    blamed = verdict.attribution
    best = max(verdict.hypotheses, key=lambda rival: rival.confidence, default=None)
    is_named = best is not None and best.cause == verdict.cause and best.cause not in {"revision", "unknown"}
    if blamed is not None and best is not None and is_named:
        first = f"{sure_word(best.confidence)} that it is {_cause_words(verdict)}"
        return [f"{first}; {short_revision(blamed.revision, blamed.service)} is not ruled out"]
    if blamed is None:
        if best is None or best.confidence < BLAMED:
            return ["cannot tell: no explanation stands out"]
        if best.cause != "revision" and (best.cause == "unknown" or not best.evidence):
            return [f"cannot tell yet: {plain(best.statement, 300)}"]  # what nothing stands for acquits no deploy
        return [f"{sure_word(best.confidence)} that it is {_cause_words(verdict)}"]
    is_shown = sure_word(blamed.confidence) != NOT_SHOWN  # what is not shown rests on nothing
    first = sure_word(blamed.confidence)
    if not is_shown:
        first = f"{short_revision(blamed.revision, blamed.service)} is {first}"
    elif blamed.also_changed and blamed.change is not None:
        names = join_words((plain(change.name, 60) or change.type for change in blamed.also_changed), 3)
        first += f"; {names} changed in the same deploy, not separable"
    lines = [first, *(check_words(blamed, verdict.unit) if is_shown else ())]
    told = None if is_shown else best  # CAUSE tells it
    rivals = _rivals((one for one in verdict.hypotheses if one is not told), {blamed.revision, *blamed.first_bad})
    lines += [f"rival: {plain(rival.statement, 300)}" for rival in rivals]
    if blamed.refuted_by and blamed.confidence >= BLAMED:
        lines.append(refuted_words(blamed))
    return lines


def _rivals(hypotheses: Iterable[Hypothesis], blamed: Collection[str]) -> list[Hypothesis]:
    """The explanations that are worth a line, beside the revisions that are blamed; the most probable first."""
    found = [
        rival
        for rival in hypotheses
        if rival.confidence >= _RIVAL_FROM
        and not (rival.cause == "revision" and any(name in rival.statement for name in blamed))
    ]
    return sorted(found, key=lambda rival: -rival.confidence)[:_RIVALS_SHOWN]
