"""The whole flow on one page: sources -> normalise -> store -> signatures -> ... -> findings. Knows all stations.

Both doors, the command line and the daemon, call these functions and nothing below them.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from msgspec import Struct

from classifiers.findings import Absence, Cluster, Findings, Latency
from collector.errors import StoreError
from collector.records import Revision
from collector.store import Store
from collector.window import NS_PER_S, Window, parse_instant_ns
from logtriage.config import Config
from logtriage.gathering import (
    CollectResult,
    FileResult,
    ImportResult,
    SourceResult,
    collect,
    import_paths,
    open_store,
    receiving,
)
from logtriage.progress import Progress

if TYPE_CHECKING:
    import polars as pl

    from classifiers.calibration import Remembered, Said
    from classifiers.examine import EntryLine, Examination
    from classifiers.preview import Preview
    from classifiers.record import Claim, Outcome
    from classifiers.resigning import Resigned
    from collector.config import StoreConfig
    from collector.store import Reader, Writer
    from logtriage.diff_view import Comparison
    from logtriage.ledger_rows import LedgerRows

__all__ = [
    "Choose",
    "CollectResult",
    "Draw",
    "FileResult",
    "ImportResult",
    "RegroupResult",
    "SettleResult",
    "ShowResult",
    "SilentResult",
    "SourceResult",
    "analyse",
    "chosen",
    "claims",
    "collect",
    "diff",
    "drawn",
    "examine",
    "import_paths",
    "ledger",
    "receiving",
    "regroup",
    "remember",
    "run_demo",
    "settle",
]

_TELL_ROUNDS = 3  # a template that is told may take in more signatures: the page is made anew, so that it tells all
_TELL_WAIT_S = 1.0  # that a reader waits for writers, to store the id of a template before it is told
_DAY_NS = 86_400 * NS_PER_S
_FAR_FUTURE_NS = 2**62
_EVER_NS = 2**63 - 1

Draw = Literal["nothing", "changes", "all"]  # changes: of the steps inside traces, as words


class Choose(Protocol):
    """Picks a cluster as Choose does, or a finding that no entry tells."""

    def __call__(
        self, findings: Findings, stands_for: Callable[[str], tuple[str, ...]], /
    ) -> Cluster | Latency | Absence:
        """The finding; LogtriageError when there is none."""


class SilentResult(Struct, frozen=True):
    """What became slower, or an event that stays away, with the findings it is of."""

    findings: Findings
    finding: Latency | Absence


class ShowResult(Struct, frozen=True):
    """One cluster with the findings it is of, what it is made of, and the entries that are shown, by time."""

    findings: Findings
    cluster: Cluster
    examination: "Examination"
    entries: "tuple[EntryLine, ...]"


class SettleResult(Struct, frozen=True):
    """A person's word, and the cluster it is about."""

    found: Cluster | Latency | Absence
    said: "Said"


class RegroupResult(Struct, frozen=True):
    """What the rules of config.yaml make of all history, and what signing anew changes, where that is due."""

    preview: "Preview"
    resigned: "Resigned | None"
    rules: int


def analyse(config: Config, *, window: Window, now_ns: int) -> Findings:
    """What happened in the window, from stored rows alone; stores nothing. The store is open only while it is read."""
    from classifiers.classify import conclude, read  # noqa: PLC0415 - keeps `--help` quick

    with Store(config.store).read_aside() as reader:
        reading = read(reader, window=window, config=config)
    return conclude(reading, now_ns=now_ns, config=config)


def drawn(config: Config, findings: Findings) -> Findings:
    """The findings with what diagrams of the first incidents need beyond them, read in a second short opening."""
    from classifiers.drawing import MOST_DRAWN, with_drawings  # noqa: PLC0415 - the terminal report draws nothing

    if not findings.incidents:
        return findings
    numbers = sorted(one.number for one in findings.incidents)[:MOST_DRAWN]
    with Store(config.store).read_aside() as reader:
        return with_drawings(reader, findings, numbers, draw="all")


def remember(config: Config, findings: Findings, *, channels: Sequence[str] = ()) -> "Remembered":
    """Stores a look in one transaction: what it claims, what became of earlier claims, states, messages to channels.

    The job of the daemon and of `logtriage digest` alone.
    """
    from classifiers.calibration import remember as store_claims  # noqa: PLC0415 - a report stores nothing
    from classifiers.lifecycle.storing import states_of  # noqa: PLC0415 - as above
    from logtriage.digesting import outbox_of  # noqa: PLC0415 - as above

    states = states_of(findings)
    put = outbox_of(config, drawn(config, findings) if channels else findings, channels)

    def also(writer: "Writer") -> None:
        if states.height:
            writer.execute("insert_incident_states", relation=states)
        put(writer)

    return store_claims(Store(config.store), findings, config, also=also)


def settle(  # noqa: PLR0913 - one argument an option of the contract
    config: Config, *, window: Window, now_ns: int, said_ns: int, choose: "Choose", outcome: "Outcome",
    revision: str | None, note: str,
) -> SettleResult:  # fmt: skip
    """A person's word, said at `said_ns`, on the verdict that the window tells; it is stored first where it is new."""
    from classifiers.calibration import say  # noqa: PLC0415 - a report stores nothing

    found, _ = chosen(config, window=window, now_ns=now_ns, choose=choose)
    store, redactor = open_store(config)
    said = say(store, found, outcome, revision=revision, note=redactor.text(note), now_ns=said_ns)
    return SettleResult(found, said)


def claims(
    config: Config, *, window: Window, now_ns: int, choose: "Choose"
) -> "tuple[Cluster | Latency | Absence, Findings, tuple[Claim, ...]]":
    """One finding of a window, the findings it is of, and every verdict told on it so far with what became of it."""
    from classifiers.forecasts import forecast_of  # noqa: PLC0415 - keeps `--help` quick
    from classifiers.record import claims_on, read_claims  # noqa: PLC0415 - as above

    found, findings = chosen(config, window=window, now_ns=now_ns, choose=choose)
    with Store(config.store).read_aside() as reader:
        every = read_claims(reader, end_ns=_EVER_NS)
    return found, findings, claims_on(every, forecast_of(found, made_at_ns=now_ns, made_by=""))


def chosen(
    config: Config, *, window: Window, now_ns: int, choose: "Choose"
) -> tuple[Cluster | Latency | Absence, Findings]:
    """The finding that a person means, and the findings it is of."""
    from classifiers.classify import conclude, read  # noqa: PLC0415 - keeps `--help` quick
    from classifiers.naming import read_names  # noqa: PLC0415 - as above

    with Store(config.store).read_aside() as reader:
        reading = read(reader, window=window, config=config)
        names = read_names(reader, reading.history.members)
    findings = conclude(reading, now_ns=now_ns, config=config)
    return choose(findings, lambda name: tuple(key[2] for key in names.meaning(name).keys)), findings


def examine(
    config: Config, *, window: Window, now_ns: int, choose: "Choose",
    ids: "Callable[[Examination], tuple[str, ...]]", draw: Draw,
) -> ShowResult | SilentResult:  # fmt: skip
    """One cluster of a window examined. `choose` picks it from the findings, `ids` the entries that are shown of it.

    What became slower, or an event that stays away, is given as it is: it has no entries. `draw`: what of the incident
    is told in pictures.

    Ids of templates that are told are stored, so that they stay valid; those that cannot be stored are not told.
    """
    from classifiers.classify import conclude, read  # noqa: PLC0415 - keeps `--help` quick
    from classifiers.examine import examine as examine_cluster  # noqa: PLC0415 - as above
    from classifiers.examine import read_entry_lines, without_templates  # noqa: PLC0415 - as above
    from classifiers.naming import read_names  # noqa: PLC0415 - as above
    from classifiers.statements import find_templates  # noqa: PLC0415 - as above

    store = Store(config.store)
    with store.read_aside() as reader:
        reading = read(reader, window=window, config=config)
        templates = find_templates(reader)
        names = read_names(reader, reading.history.members)
    findings = conclude(reading, now_ns=now_ns, config=config)
    cluster = choose(findings, lambda name: tuple(key[2] for key in names.meaning(name).keys))
    if not isinstance(cluster, Cluster):
        with store.read_aside() as reader:
            return SilentResult(_drawn_about(reader, findings, cluster, draw), cluster)
    examination = examine_cluster(cluster, reading, templates, config.onset)
    shared = [one.template_id for one in examination.signatures if one.template_id]
    untold = templates.named.untold(shared)
    if untold.height and not _tell(Store(_soon(config)), untold, now_ns):
        examination = without_templates(examination, untold["template_id"].to_list())
    with store.read_aside() as reader:
        entries = read_entry_lines(reader, cluster, ids(examination))
        findings = _drawn_about(reader, findings, cluster, draw)
    return ShowResult(findings, cluster, examination, entries)


def _drawn_about(reader: "Reader", findings: Findings, one: Cluster | Latency | Absence, draw: Draw) -> Findings:
    """The findings with what diagrams of the incident need that one of them is of."""
    if draw == "nothing":
        return findings
    from classifiers.drawing import with_drawings  # noqa: PLC0415 - keeps `--help` quick

    numbers = [told.number for told in findings.incidents if one.id in (told.root, *told.symptoms)]
    return with_drawings(reader, findings, numbers, draw=draw)


def regroup(config: Config, *, is_preview: bool, now_ns: int, progress: Progress) -> RegroupResult:
    """The rules of config.yaml over all history, and history signed anew by the rules of now; a preview signs nothing.

    Ids of templates that are told are stored, so that they stay valid; those that cannot be stored are not told.
    """
    from classifiers.resigning import sign_anew, trial  # noqa: PLC0415 - keeps `--help` quick
    from classifiers.signatures import RULES  # noqa: PLC0415 - as above

    store = Store(_soon(config)) if is_preview else Store(config.store)
    progress.start(None)
    progress.advance("copying the database" if is_preview else "signing anew", None)
    with trial(store, _soon(config)) if is_preview else contextlib.nullcontext(store) as tried:
        progress.advance("signing anew", None)
        resigned = sign_anew(tried) if tried is not store or not is_preview else None
        progress.advance("replaying the rules", None)
        return RegroupResult(_previewed(config, tried, now_ns), resigned, RULES)


def _previewed(config: Config, store: Store, now_ns: int) -> "Preview":
    """The rules over all that a store holds; the templates that are told by it are stored first."""
    from classifiers.preview import preview_rules, read_stored, without_templates  # noqa: PLC0415 - for `--help`

    told = 0
    while True:
        with store.read_aside() as reader:
            stored = read_stored(reader, config.clusters.rules)
        preview = preview_rules(stored)
        untold = stored.templates.named.untold([one.template_id for one in preview.proposals if one.template_id])
        if not untold.height or told == _TELL_ROUNDS or not _tell(store, untold, now_ns):
            return without_templates(preview, untold["template_id"].to_list())
        if store.path != config.store.path and not _tell(Store(_soon(config)), untold, now_ns):
            return without_templates(preview, untold["template_id"].to_list())
        told += 1


def _tell(store: Store, templates: "pl.DataFrame", now_ns: int) -> bool:
    """Stores what a person is about to be told; False when the database cannot be written now."""
    try:
        with store.write() as writer:
            writer.execute("insert_told_templates", relation=templates, now_ns=now_ns)
    except StoreError:
        return False
    return True


def _soon(config: Config) -> "StoreConfig":
    """The store for somebody who reads: it is written at once or not at all."""
    return config.store.model_copy(update={"write_wait_s": min(config.store.write_wait_s, _TELL_WAIT_S)})


def ledger(config: Config) -> "LedgerRows":
    """The change ledger in order: services with their revisions, failed and doubled deploys, roll-backs and changes."""
    from classifiers.history import read_ledger  # noqa: PLC0415 - keeps `--help` quick
    from logtriage.ledger_rows import order_ledger  # noqa: PLC0415 - as above

    with Store(config.store).read_aside() as reader:
        folded, changes = read_ledger(reader)
    return order_ledger(folded, changes, repositories=config.ledger.repositories)


def diff(config: Config, names: tuple[str, str], *, since_ns: int | None, until_ns: int | None) -> "Comparison":
    """Two revisions beside each other: what changed, and what failed while they served.

    Without a span, all that is stored since the first of them came, back to the baseline of an analysis. LogtriageError
    when a name stands for no revision, or for several.
    """
    from classifiers.changes import difference  # noqa: PLC0415 - keeps `--help` quick
    from classifiers.classify import compare, read_served  # noqa: PLC0415 - as above
    from classifiers.commits import compare_link  # noqa: PLC0415 - as above
    from classifiers.flow import find_flow  # noqa: PLC0415 - as above
    from classifiers.vanished import renamed_keys  # noqa: PLC0415 - as above
    from logtriage.diff_view import Comparison  # noqa: PLC0415 - as above
    from logtriage.revision_names import find_pair  # noqa: PLC0415 - as above

    end_ns = _FAR_FUTURE_NS if until_ns is None else until_ns
    with Store(config.store).read_aside() as reader:
        before, after = find_pair(names, *read_served(reader, end_ns=end_ns))
        wanted = {"project": before.project, "revisions": [before.revision, after.revision]}
        received = reader.frame("find_last_received", **wanted, end_ns=end_ns)["last_ns"][0]
        window, why_not = _both_served(config, (before, after), since_ns, until_ns, received_ns=received or 0)
        failing = compare(reader, before, after, window=window, config=config) if window else None
        flow = find_flow(reader, before, after, window=window) if window else None
    commits = compare_link(before, after, config.ledger.repositories)
    renamed = renamed_keys(before, after)
    return Comparison(before, after, difference(before, after), failing, why_not, window, commits, renamed, flow)


def _both_served(
    config: Config, pair: tuple[Revision, Revision], since_ns: int | None, until_ns: int | None, *, received_ns: int
) -> tuple[Window | None, str]:
    """The time in which two revisions of one service are compared; None and why where their failures cannot be.

    Without an end it is when the last entry of either was received: what came in late is of that time too.
    """
    before, after = pair
    if (before.project, before.service) != (after.project, after.service):
        return None, "they are of two services, and a cluster is a failure of one"
    seen = [at_ns for one in (before, after) for at_ns in (one.first_seen_ns, one.last_seen_ns) if at_ns is not None]
    if not seen:
        return None, "nothing that either of them logged is stored"
    end_ns = max(*seen, received_ns) + 1 if until_ns is None else until_ns
    came_ns = max((one.first_seen_ns for one in (before, after) if one.first_seen_ns is not None), default=min(seen))
    earliest = max(min(seen), came_ns - round(config.history.baseline_days * _DAY_NS))
    start_ns = earliest if since_ns is None else since_ns
    if start_ns >= end_ns:
        return None, "neither of them is seen in that time"
    return Window(start_ns, end_ns), ""


def run_demo(
    config: Config, *, scenario: str, seed: int, folder: Path, progress: Progress,
    between: Callable[[Config, Mapping[str, Any]], object],
) -> tuple[Findings, Config]:  # fmt: skip
    """A bundled incident through the whole line, offline: its findings, and the configuration that reads its store.

    `between` is called with that and the truth when all is imported and nothing is analysed yet.

    The folder holds the generated files, their truth and the database afterwards; an older demo in it is replaced.
    """
    from logtriage.demo.generate import generate, write  # noqa: PLC0415 - keeps `--help` quick

    progress.start(None)
    progress.advance("writing the incident", None)
    incident = generate(scenario, seed=seed)
    database = folder / "demo.duckdb"
    for old in folder.glob(f"{database.name}*"):
        old.unlink()
    write(incident, folder)
    demo = config.model_copy(update={"store": config.store.model_copy(update={"path": database})})
    import_paths(demo, [folder / "entries.jsonl", folder / "spans.jsonl"], progress=progress)
    between(demo, incident.truth)
    start, end = (parse_instant_ns(incident.truth["window"][name], name=name, now_ns=0) for name in ("start", "end"))
    window = Window(start, end)
    return analyse(demo, window=window, now_ns=window.end_ns), demo
