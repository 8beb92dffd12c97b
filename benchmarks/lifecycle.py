"""Incidents looked at every hour: what channels are told of them, and how much of it is true.

    python -m benchmarks.lifecycle [FOLDER ...] [--scenarios week bursty] [--seeds 1 2] [--window-hours 24] [--tell]

A FOLDER holds entries.jsonl (or .gz), spans.jsonl and truth.json. All is imported first; then every look knows only
what had been received by then, stores what it adds (verdicts, states, messages to be sent) and delivers, as the daemon
does, to a channel that records what it is asked to do. One process, one store, one look an hour.

`messages` are what the channel was asked for, by step. `duplicates`: a second incident told for one failure; `apart`: a
symptom told beside its root; `noise`: incidents told of what is none; `flapping`: turns told beyond those of the truth;
`missed`: turns never told; then the median hours until a turn was told. `false resolved`: told while it was still
broken, or proven by nothing; `false regressed`: told while nothing had come back. `told` is what the channel got,
`stored` the states that were stored, `alone` what each look says for itself, told whenever it is another than before:
what there would be without a memory.
"""

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.courses import Court, Said, Truth

if TYPE_CHECKING:
    from benchmarks.loopback import Served
    from classifiers.findings import Findings
    from logtriage.config import Config
    from logtriage.message import Message
    from logtriage.notifiers.channel import Heard, Notifier, Place, Step

_HOUR_NS = 3_600_000_000_000
_FAR_NS = 2**62


@dataclass(slots=True)
class RecordingChannel:
    """A channel that keeps what it was asked to do: steps and their messages, in order."""

    name: str = "recorded"
    can_find: bool = True
    done: list[tuple["Step", "Message"]] = field(default_factory=list)

    def steps(self, message: "Message", place: "Place | None") -> tuple["Step", ...]:
        """As an issue tracker: open once, then edits and comments; closed when it is over."""
        if place is None:
            return ("open",)
        if message.act == "edit":
            return ("edit",)
        return ("edit", "reply", "close") if message.is_over else ("edit", "reply")

    def do(
        self, step: "Step", message: "Message", *, delivery_id: str, place: "Place | None", is_repeat: bool,
        places: Mapping[str, "Place"],
    ) -> "Place":  # fmt: skip
        """Keeps it."""
        from logtriage.notifiers.channel import Place  # noqa: PLC0415

        del is_repeat, places
        self.done.append((step, message))
        return place or Place(delivery_id)

    def find(
        self, step: "Step", message: "Message", *, delivery_id: str, place: "Place | None", since_ns: int
    ) -> "Place | None":
        """Nothing is ever lost here."""
        del step, message, delivery_id, place, since_ns
        return None

    def hear(self, places: Mapping[str, "Place"], *, since_ns: int) -> Sequence["Heard"]:
        """Nobody says anything."""
        del places, since_ns
        return ()


@dataclass(slots=True)
class Replayed:
    """What came of one store: a court for what was told, what was stored, what looks say alone; steps done, seconds."""

    name: str
    courts: dict[str, Court]
    steps: dict[str, Counter[str]]
    seconds: list[float]


def main() -> None:
    """Replays, counts, tells."""
    parser = argparse.ArgumentParser(description="Incidents looked at every hour, held against the truth.")
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--scenarios", nargs="+", default=[], metavar="NAME", help="of the demo generator")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--scale", type=float, default=1.0, help="of the scenarios (default 1)")
    parser.add_argument("--window-hours", type=float, default=24.0, help="that a look tells of (default 24)")
    parser.add_argument("--every-hours", type=float, default=1.0, help="between two looks (default 1)")
    parser.add_argument("--first-hours", type=float, default=2.0, help="before the first look (default 2)")
    parser.add_argument("--servers", action="store_true", help="delivers to GitHub and Slack on loopback, too")
    parser.add_argument("--tell", action="store_true", help="a line for each claim and each error on stderr")
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for name, folder in _cases(told, Path(place)):
            row = _row(replay(name, folder, Path(place) / f"{name}.duckdb", told))
            rows.append(row)
            if not told.json:
                _print(row)
    if told.json:
        print(json.dumps({"benchmark": "lifecycle", "rows": rows}))


def _cases(told: argparse.Namespace, place: Path) -> Iterator[tuple[str, Path]]:
    from logtriage.demo.generate import generate, write  # noqa: PLC0415 - folders need no generator

    for folder in told.folders:
        yield folder.name, folder
    for scenario in told.scenarios:
        for seed in told.seeds:
            folder = place / f"{scenario}-{seed}"
            write(generate(scenario, seed=seed, scale=told.scale), folder)
            yield folder.name, folder


def replay(name: str, folder: Path, database: Path, told: argparse.Namespace) -> Replayed:
    """One store, imported once and looked at again and again. told: window_hours, every_hours, first_hours, tell."""
    from collector.config import StoreConfig  # noqa: PLC0415 - `--help` needs it not
    from logtriage import pipeline  # noqa: PLC0415
    from logtriage.config import Config  # noqa: PLC0415
    from logtriage.progress import NoProgress  # noqa: PLC0415

    truth = Truth(json.loads((folder / "truth.json").read_text()))
    config = Config(store=StoreConfig(path=database))
    paths = [path for path in sorted(folder.iterdir()) if ".jsonl" in path.name]
    pipeline.import_paths(config, paths, progress=NoProgress())
    with _served(is_wanted=told.servers) as served:
        looker = _Looker(config, truth, _roots(config, truth), tells=told.tell, served=served)
        _look_on(name, looker, told)
    steps = {"recorded": Counter[str](step for step, _ in looker.channel.done)} | (served.counted() if served else {})
    return Replayed(name, looker.courts, steps, looker.seconds)


def _look_on(name: str, looker: "_Looker", told: argparse.Namespace) -> None:
    """Every look, from the first to the last."""
    from collector.window import Window  # noqa: PLC0415
    from logtriage import pipeline  # noqa: PLC0415

    truth, config = looker.truth, looker.config
    step_ns, span_ns = (round(hours * _HOUR_NS) for hours in (told.every_hours, told.window_hours))
    first_ns = truth.start_ns + round(told.first_hours * _HOUR_NS)
    for now_ns in range(first_ns, truth.end_ns + 1, step_ns):
        began = time.perf_counter()
        findings = pipeline.analyse(config, window=Window(max(truth.start_ns, now_ns - span_ns), now_ns), now_ns=now_ns)
        looker.look(findings)
        looker.seconds.append(time.perf_counter() - began)
        looker.judge(findings)
        print(f"\r{name} look {len(looker.seconds)} {sum(looker.seconds):.0f} s   ", end="", file=sys.stderr)
    print(file=sys.stderr)


def _served(*, is_wanted: bool) -> "contextlib.AbstractContextManager[Served | None]":
    """The servers of the tests, where they are wanted."""
    if not is_wanted:
        return contextlib.nullcontext()
    from benchmarks.loopback import serve  # noqa: PLC0415 - most replays need no server

    return serve()


def _roots(config: "Config", truth: Truth) -> dict[str, tuple[str, str]]:
    """By signature: root and cluster of the truth that most of its entries belong to."""
    from classifiers.signatures import RULES  # noqa: PLC0415
    from collector.store import Store  # noqa: PLC0415

    with Store(config.store).read() as reader:
        failures = reader.frame("find_failures", start_ns=0, end_ns=_FAR_NS, rules=RULES)
        ids = failures["signature_id"].unique().to_list()
        entries = reader.frame("find_cluster_entries", start_ns=0, end_ns=_FAR_NS, signature_ids=ids)
    truth.count(entries.select("insert_id", "at_ns").iter_rows())
    grouped = entries.group_by("signature_id").agg("insert_id")
    return {row["signature_id"]: truth.of(row["insert_id"]) for row in grouped.iter_rows(named=True)}


@dataclass
class _Looker:
    """Stores and delivers what a look adds, and puts what it says before the courts."""

    config: "Config"
    truth: Truth
    roots: dict[str, tuple[str, str]]
    tells: bool
    served: "Served | None" = None
    channel: RecordingChannel = field(default_factory=RecordingChannel)
    seconds: list[float] = field(default_factory=list)
    unclean: list[str] = field(default_factory=list)
    _seen: int = 0

    def __post_init__(self) -> None:
        self.courts = {name: Court(self.truth) for name in ("told", "stored", "alone")}
        self._states: dict[str, str] = {}
        self._alone: dict[str, str] = {}

    def look(self, findings: "Findings") -> None:
        """One cycle of the daemon, without collecting."""
        from collector.store import Store  # noqa: PLC0415
        from logtriage import pipeline  # noqa: PLC0415
        from logtriage.delivery import deliver  # noqa: PLC0415

        channels: list[Notifier] = [self.channel, *(self.served.at(findings.now_ns) if self.served else ())]
        pipeline.remember(self.config, findings, channels=[one.name for one in channels])
        for done in deliver(Store(self.config.store), channels, clock_ns=lambda: findings.now_ns):
            self.unclean += [*done.failed, *done.refused]

    def judge(self, findings: "Findings") -> None:
        """What this look stored and what it told."""
        tracked = {one.id: one for one in findings.tracked}
        places = {one.id: one.signature_ids for one in (*findings.clusters, *findings.standing, *findings.noise)}
        for one in findings.tracked:
            for row in one.fresh:
                if not row.finding_id and not row.merged_into:
                    own = places.get(row.root, row.signature_ids)
                    said = self._said(findings.now_ns, one.id, row.state, (own, row.signature_ids), row.title)
                    self._put("stored", said, row.statement)
        for step, message in self.channel.done[self._seen :]:
            incident = tracked.get(message.incident_id)
            is_told = step in {"open", "reply"} and incident is not None and not incident.merged_into
            if incident is not None and is_told and self._is_news(message):
                ids = incident.history[-1].signature_ids if incident.history else ()
                own = places.get(incident.root, ids)
                said = self._said(findings.now_ns, incident.id, message.state, (own, ids), message.title)
                self._put("told", said, message.news)
        self._seen = len(self.channel.done)
        led = {incident.root for incident in findings.incidents}
        for cluster in findings.clusters:
            if cluster.id in led and self._alone.get(cluster.id) != cluster.state:
                self._alone[cluster.id] = cluster.state
                own = cluster.signature_ids
                self._put("alone", self._said(findings.now_ns, cluster.id, cluster.state, (own, ()), cluster.title), "")

    def _is_news(self, message: "Message") -> bool:
        """Its state is another than the one told before."""
        before = self._states.get(message.incident_id)
        self._states[message.incident_id] = message.state
        return before != message.state

    def _said(
        self, now_ns: int, incident_id: str, state: str, ids: tuple[Sequence[str], Sequence[str]], title: str
    ) -> Said:
        """A claim with the roots of the truth it is about; `ids` are signatures of its root and of all its members."""
        own, every = ([self.roots.get(one, ("", "")) for one in some] for some in ids)
        main = Counter(own or every).most_common(1)[0][0] if own or every else ("", "")
        roots = tuple(dict.fromkeys([main[0], *(root for root, _ in every if root)]))
        return Said(now_ns, incident_id, state, roots, (main[1],), title)

    def _put(self, place: str, said: Said, words: str) -> None:
        court = self.courts[place]
        known = len(court.errors)
        court.add(said)
        if self.tells:
            hour = (said.look_ns - self.truth.start_ns) / _HOUR_NS
            mark = "  <-- FALSE" if len(court.errors) > known else ""
            who = f"{said.incident_id[:14]:<14} {said.state:<9} {','.join(said.roots):<22}"
            print(f"\r{place:<6} h {hour:6.1f} {who} {said.title[:60]} | {words}{mark}", file=sys.stderr)


def _row(done: Replayed) -> dict[str, Any]:
    figures = {name: court.figures(court.truth.end_ns) for name, court in done.courts.items()}
    return {
        "name": done.name,
        "looks": len(done.seconds),
        "seconds_a_look": round(sum(done.seconds) / max(1, len(done.seconds)), 2),
        "messages": {name: dict(steps) for name, steps in done.steps.items()},
        **figures,
        "errors": {name: court.errors for name, court in done.courts.items()},
    }


def _print(row: Mapping[str, Any]) -> None:
    print(f"{row['name']}: {row['looks']} looks, {row['seconds_a_look']} s each; steps:")
    for channel, steps in row["messages"].items():
        print(f"  {channel:<9}" + "  ".join(f"{name} {value}" for name, value in sorted(steps.items())))
    for court, errors in row["errors"].items():
        print(f"  {court:<7}" + "  ".join(f"{name} {value}" for name, value in row[court].items()))
        for line in errors if court != "alone" else ():
            print(f"    {line}")


if __name__ == "__main__":
    main()
