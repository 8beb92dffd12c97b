"""The shapes in which a report is told: what every format lays out. Texts are plain, times UTC. No I/O."""

from msgspec import Struct

from logtriage.console_links import Link
from logtriage.diagrams.drawings import Drawings
from logtriage.lines import Line
from logtriage.shell import Command

__all__ = [
    "ClusterView",
    "EvidenceRow",
    "FindingView",
    "IncidentView",
    "OtherRow",
    "ReportView",
    "RevisionRow",
    "RivalRow",
    "WhyRow",
]


class EvidenceRow(Struct, frozen=True):
    """A fact, how it is known, and where it can be looked up."""

    kind: str
    statement: str
    refs: str


class RevisionRow(Struct, frozen=True):
    """Failures beside the exposure of one revision."""

    revision: str
    failures: str
    first: str
    last: str


class RivalRow(Struct, frozen=True):
    """An explanation that was weighed, with the word for its probability."""

    cause: str
    sure: str
    statement: str
    evidence: tuple[EvidenceRow, ...]


class WhyRow(Struct, frozen=True):
    """One answer of the five whys: how it is known, where it can be looked up, and what would refute it."""

    kind: str
    statement: str
    refs: str
    refuted: str


class ClusterView(Struct, frozen=True):
    """One cluster with all its evidence."""

    id: str
    heading: str
    role: str
    counts: str
    lines: tuple[Line, ...]
    whys: tuple[WhyRow, ...]  # of the root of an incident
    evidence: tuple[EvidenceRow, ...]
    revisions: tuple[RevisionRow, ...]
    rivals: tuple[RivalRow, ...]
    commands: tuple[Command, ...]
    links: tuple[Link, ...]
    sample: tuple[str, ...]
    signatures: str
    entries: str
    traces: str


class FindingView(Struct, frozen=True):
    """The context of finding.md.j2. Texts are plain, times UTC; all but the first three may be empty."""

    heading: str
    counts: str
    lines: tuple[Line, ...]
    commands: tuple[Command, ...]
    links: tuple[Link, ...]
    whys: tuple[WhyRow, ...]  # of the root of an incident
    evidence: tuple[EvidenceRow, ...]
    head: tuple[str, ...]  # of the table
    revisions: tuple[tuple[str, ...], ...]
    rivals: tuple[RivalRow, ...]
    traces: str
    drawings: Drawings


class IncidentView(Struct, frozen=True):
    """One incident: headline, labelled lines, and its members in detail: clusters, then what no entry tells."""

    number: int
    priority: str
    service: str
    title: str
    when: str
    is_brief: bool
    lines: tuple[Line, ...]
    clusters: tuple[ClusterView, ...]
    drawings: Drawings
    findings: tuple[FindingView, ...] = ()
    lead: ClusterView | FindingView | None = None  # of the root: its commands and links are the incident's


class OtherRow(Struct, frozen=True):
    """One line about something beside the incidents."""

    title: str
    note: str


class ReportView(Struct, frozen=True):
    """The context of report.md.j2 and of the terminal report. Texts are plain, times UTC."""

    project: str
    window: str
    complete: str
    verdict: str
    ledger: str
    counts: str
    incidents: tuple[IncidentView, ...]
    warnings: tuple[OtherRow, ...]
    drifts: tuple[OtherRow, ...]
    absent: tuple[OtherRow, ...]
    slower: tuple[OtherRow, ...]
    tests: tuple[OtherRow, ...]
    standing: tuple[OtherRow, ...]
    better: tuple[OtherRow, ...]
    muted: tuple[OtherRow, ...]
    waiting: tuple[OtherRow, ...]  # open incidents that the window shows nothing of any more
    dead: tuple[OtherRow, ...]
    blindness: tuple[OtherRow, ...]  # times in which it did not see: when; what, and what to do
    blind: tuple[str, ...]
    record: tuple[str, ...]
    settle: str  # the command that settles a verdict
    rules: tuple[str, ...]
    is_wrong: bool
    more: str
