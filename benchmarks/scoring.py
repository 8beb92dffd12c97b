"""Findings against the truth of a generated incident: what was found, blamed, named and told right.

Entries decide which finding is which true cluster: half of a finding's entries belong to it, and together such findings
hold three tenths of its entries. Request log lines of failing requests are neutral, and so is a symptom that shows in
nothing else. A blame counts from a confidence of one half.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["Item", "Score", "blames", "score"]

Row = dict[str, Any]
_PURE, _COVERED, _BLAME = 0.5, 0.3, 0.5
_NAMED = {"env_removed", "env_changed", "env_added", "secret_ref_changed"}  # changes whose name must be right too


@dataclass(frozen=True, slots=True)
class Item:
    """One true cluster and the finding that is it, None where it was not found."""

    truth: Row
    found: Row | None
    others: tuple[Row, ...] = ()  # true clusters that may be told as one with it, and were

    @property
    def guilty(self) -> Row | None:
        """The attribution it should get."""
        guilty: Row | None = self.truth["guilty"]
        return guilty

    @property
    def attribution(self) -> Row | None:
        """The attribution it got."""
        return self.found.get("attribution") if self.found else None

    def is_named(self) -> bool:
        """The guilty revision is the one that was named, whatever the confidence."""
        return any(_is(self.attribution, one) for one in self._accepted())

    def is_change(self) -> bool:
        """Revision, type and name of the change are right."""
        told = (self.attribution or {}).get("change") or {}
        return blames(self.attribution) and any(
            _is(self.attribution, one)
            and told.get("type") == one["change"]["type"]
            and (told.get("type") not in _NAMED or told.get("name") == one["change"]["name"])
            for one in self._accepted()
        )

    def _accepted(self) -> Iterable[Row]:
        for truth in (self.truth, *self.others):
            if truth["guilty"] is not None:
                yield truth["guilty"]
                yield from truth["guilty"].get("or", ())


@dataclass(slots=True)
class Score:
    """Sums of one run or of many; a rate is right divided by asked, and nothing where nothing was asked."""

    right: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    onset_errors_s: list[float] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)
    false_blames: int = 0
    false_problems: int = 0

    def count(self, name: str, *, is_right: bool) -> None:
        """One answer."""
        self.right[name] += is_right
        self.asked[name] += 1

    def rate(self, name: str) -> float | None:
        """Share of right answers."""
        return self.right[name] / self.asked[name] if self.asked[name] else None

    def add(self, other: "Score") -> None:
        """Takes in another run."""
        self.right += other.right
        self.asked += other.asked
        self.onset_errors_s += other.onset_errors_s
        self.squares += other.squares
        self.false_blames += other.false_blames
        self.false_problems += other.false_problems


def blames(attribution: Mapping[str, Any] | None) -> bool:
    """It holds a revision responsible."""
    return bool(attribution) and bool(attribution.get("revision")) and attribution.get("confidence", 1.0) >= _BLAME  # type: ignore[union-attr]  # bool() of None


def score(truth: Row, findings: Row) -> Score:
    """The sums of one run."""
    clusters: list[Row] = findings["clusters"]
    owner = {one: row["id"] for row in truth["clusters"] for one in row["insert_ids"]}
    companion = {one: row["id"] for row in truth["clusters"] for one in row["companion_insert_ids"]}
    pure = [[one for one in row["insert_ids"] if one in owner or one not in companion] for row in clusters]
    items = [_item(row, truth, clusters, pure, owner) for row in truth["clusters"]]
    main = [_mainly(row["insert_ids"], owner, companion) for row in clusters]
    most = {row["id"]: _mainly(row["insert_ids"], owner, companion, least=0.0) for row in clusters}
    told = Score()
    for item in items:
        _judge(told, item, most)
    _latencies(told, truth, findings)
    _absences(told, truth, findings)
    _blames(told, truth, findings, main)
    may = {one for row in truth["noise"] if row["may_report"] for one in row["insert_ids"]}
    for row in clusters:
        good = sum(one in owner or one in companion or one in may for one in row["insert_ids"])
        told.false_problems += good < _PURE * len(row["insert_ids"])
    return told


def _item(row: Row, truth: Row, clusters: Sequence[Row], pure: Sequence[Sequence[str]], owner: dict[str, str]) -> Item:
    group = next((one for one in truth["merge_ok"] if row["id"] in one), [row["id"]])
    wanted = {one for other in truth["clusters"] if other["id"] in group for one in other["insert_ids"]}
    own = set(row["insert_ids"])
    best: tuple[float, Row, tuple[Row, ...]] | None = None
    covered = 0
    for cluster, ids in zip(clusters, pure, strict=True):
        held = sum(one in own for one in ids)
        if not held or sum(one in wanted for one in ids) < _PURE * len(ids):
            continue
        covered += held
        rest = {owner[one] for one in ids if one in wanted} - {row["id"]}
        others = tuple(other for other in truth["clusters"] if other["id"] in rest)
        likeness = held / (len(own) + len(ids) - held)
        if best is None or likeness > best[0]:
            best = (likeness, cluster, others)
    if best is None or covered < _COVERED * len(own):
        return Item(row, None)
    return Item(row, best[1], best[2])


def _judge(told: Score, item: Item, main: Mapping[str, str | None]) -> None:
    row, found = item.truth, item.found
    is_neutral = row["kind"].startswith("req_") and row["role"] == "symptom"
    if row["required"] and not (is_neutral and found is None):
        told.count("found", is_right=found is not None)
        if row["role"] == "root":
            told.count("root", is_right=found is not None)
        if item.guilty is not None:
            told.count("named", is_right=item.is_named())
            told.count("blamed", is_right=item.is_named() and blames(item.attribution))
            told.count("change", is_right=item.is_change())
    if found is None:
        return
    if item.guilty is None and not item.others:
        told.count("spared", is_right=not blames(item.attribution))
    begun = [datetime.fromisoformat(one) for one in _all(item, "accept_onsets")]
    onset = datetime.fromisoformat(found["onset"])
    told.onset_errors_s.append(min(abs((onset - one).total_seconds()) for one in begun))
    told.count("onset", is_right=told.onset_errors_s[-1] <= 300)
    state = "ongoing" if found["state"] == "new" else found["state"]
    told.count("state", is_right=state in _all(item, "accept_states") or (bool(item.others) and state == "regressed"))
    told.count("role", is_right=found["role"] == row["role"])
    if row["role"] == "symptom":
        told.count("caused_by", is_right=main.get(found["caused_by"] or "") in _all(item, "ancestors"))
    told.count("tests", is_right=found["test_traffic"] == row["is_test_traffic"])


def _all(item: Item, name: str) -> list[Any]:
    return [one for row in (item.truth, *item.others) for one in row[name]]


def _latencies(told: Score, truth: Row, findings: Row) -> None:
    """Slower operations, by their service. One that waits for another slow or failing service is no noise."""
    services = {row["service"] for row in (*truth["latency"], *truth["clusters"])}
    for found in findings["latency"]:
        told.false_problems += not truth["latency"] and found["service"] not in services
    for row in truth["latency"]:
        found = next((one for one in findings["latency"] if one["service"] == row["service"]), None)
        if row["required"]:
            told.count("found", is_right=found is not None)
        _verdict(told, row, found)


def _verdict(told: Score, row: Row, found: Row | None) -> None:
    """Who was blamed for what logs no error; where nobody is guilty, whether anybody was."""
    item = Item(row, found)
    if row["guilty"] is None:
        if found is not None:
            told.count("spared", is_right=not blames(item.attribution))
        return
    told.count("named", is_right=item.is_named())
    told.count("blamed", is_right=item.is_named() and blames(item.attribution))
    told.count("change", is_right=item.is_change())


def _absences(told: Score, truth: Row, findings: Row) -> None:
    """Events that stopped or are hollow; what is told of any other event is a false problem."""
    events = findings["absent_events"]
    for row in truth["absent_events"]:
        found = next((one for one in events if _is_event(one, row)), None)
        told.count("found", is_right=found is not None)
        _verdict(told, row, found)
    told.false_problems += sum(not any(_is_event(one, row) for row in truth["absent_events"]) for one in events)


def _is_event(found: Row, row: Row) -> bool:
    return bool(found["event"] == row["event"] and found["service"] == row["service"])


def _blames(told: Score, truth: Row, findings: Row, main: Sequence[str | None]) -> None:
    """Brier score and false accusations over every attribution, wherever it sits."""
    rows = {row["id"]: row for row in truth["clusters"]}
    pairs = [(row, rows.get(name or "")) for row, name in zip(findings["clusters"], main, strict=True)]
    pairs += [
        (one, next((row for row in truth["latency"] if row["service"] == one["service"]), None))
        for one in findings["latency"]
    ]
    pairs += [
        (one, next((row for row in truth["absent_events"] if _is_event(one, row)), None))
        for one in findings["absent_events"]
    ]
    for found, row in pairs:
        attribution = found.get("attribution")
        if not attribution or not attribution.get("revision"):
            continue
        group: list[str] = next((one for one in truth["merge_ok"] if row and row.get("id") in one), [])
        others = tuple(rows[one] for one in group)
        is_right = row is not None and Item(row, found, others).is_named()
        told.squares.append((attribution["confidence"] - is_right) ** 2)
        told.false_blames += blames(attribution) and not is_right


def _mainly(
    ids: Sequence[str], owner: Mapping[str, str], companion: Mapping[str, str], least: float = _PURE
) -> str | None:
    """The true cluster that most entries belong to, when `least` of them belong to any."""
    names = Counter(owner.get(one) or companion[one] for one in ids if one in owner or one in companion)
    if names.total() < least * len(ids) or not names:
        return None
    return names.most_common(1)[0][0]


def _is(attribution: Mapping[str, Any] | None, guilty: Mapping[str, Any]) -> bool:
    return bool(attribution) and attribution["revision"] == guilty["revision"]  # type: ignore[index]  # bool() of None
