"""Sources that are blind: that cannot be read, are read late, or answer and give nothing. No I/O."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import polars as pl
from msgspec import Struct

from classifiers.blind import BlindKind, Blindness, lasted, two_parts
from classifiers.itself import OWN_SERVICE
from classifiers.rhythm import Rhythm, Silence
from collector.sources.walk import stored_reaches
from collector.window import NS_PER_S, Window

__all__ = [
    "Pulls",
    "late_sources",
    "pulls_of",
    "read_up_to",
    "settled_at",
    "silent_sources",
    "unread_sources",
    "without_gone",
]

_MINUTE_NS = 60 * NS_PER_S
_HOUR_NS = 60 * _MINUTE_NS
_NEWS_RUNS = 2  # pulls in a row that failed, from which it is worth a word
_LATE_PACES = 3  # times the usual time between two pulls
_GONE_NS = _HOUR_NS  # ... and this, that a source is not asked while others are, after which it is one no more
_LATE_NS = 30 * _MINUTE_NS  # ... and this, that a source may be behind
_LONG_NS = 6 * _HOUR_NS  # that it may take to catch up before it is worth a word
_CATCHES_UP = 1.05  # hours read in an hour
_PACE_NS = 2 * _HOUR_NS  # over which that is measured
_SAID = 300  # characters of what a source said
_KINDS: tuple[BlindKind, ...] = ("permission", "quota", "source")
_WORDS = {
    "permission": "may not be read",
    "quota": "is not read: its quota is spent",
    "source": "cannot be read",
}
_WERE = {"permission": ": its permission was missing", "quota": ": its quota was spent", "source": ""}
_TODO = {
    "permission": "run `logtriage doctor`: it names the role",
    "quota": "wait; pull less often, or set reads_per_min of the sources of that project lower",
    "source": "run `logtriage doctor`",
}


class Pulls(Struct, frozen=True):
    """Pulls of one source that ended alike, one after the other; a row of find_pull_spells."""

    source: str
    course: str  # read, failed or cut
    runs: int
    began_ns: int
    last_began_ns: int
    ended_ns: int
    outcome: str
    usual_ns: int | None


def pulls_of(rows: pl.DataFrame) -> dict[str, list[Pulls]]:
    """Rows of find_pull_spells by source, in order; one failure between two that went well is none.

    A pull that was cut off belongs to what is before it: what comes next goes on from there.
    """
    told: dict[str, list[Pulls]] = {}
    for row in rows.iter_rows(named=True):
        told.setdefault(row["source"], []).append(Pulls(**row))
    return {name: _joined(spells) for name, spells in told.items()}


def _joined(spells: Sequence[Pulls]) -> list[Pulls]:
    """Without cuts between, and with single good pulls among failed ones as part of those."""
    kept = [one for at, one in enumerate(spells) if one.course != "cut" or at == len(spells) - 1]
    joined: list[Pulls] = []
    for at, one in enumerate(kept):
        is_flicker = one.course == "read" and one.runs < _NEWS_RUNS and 0 < at < len(kept) - 1
        course = "failed" if is_flicker and joined and joined[-1].course == "failed" else one.course
        if joined and joined[-1].course == course:
            before = joined[-1]
            outcome = before.outcome if is_flicker else one.outcome
            joined[-1] = Pulls(
                one.source, course, before.runs + one.runs, before.began_ns, one.last_began_ns, one.ended_ns,
                outcome, one.usual_ns,
            )  # fmt: skip
        else:
            joined.append(one)
    return joined


def without_gone(pulls: Mapping[str, Sequence[Pulls]]) -> dict[str, Sequence[Pulls]]:
    """Without sources that are asked no more while others are: they were taken out of the settings."""
    last = {name: spells[-1] for name, spells in pulls.items() if spells}
    newest = max((one.last_began_ns for one in last.values()), default=0)
    return {
        name: pulls[name]
        for name, one in last.items()
        if newest - one.last_began_ns <= max(_GONE_NS, _LATE_PACES * (one.usual_ns or 0))
    }


def unread_sources(
    pulls: Mapping[str, Sequence[Pulls]], troubles: pl.DataFrame, reached: Mapping[str, int], window: Window
) -> list[Blindness]:
    """Spells in which the pulls of a source failed: that go on, or in which more than one failed.

    troubles: rows of find_trouble_spells; reached: up to when each source was read.
    """
    found = []
    for source, spells in pulls.items():
        for at, spell in enumerate(spells):
            after = spells[at + 1] if at + 1 < len(spells) else None
            if spell.course == "read" or (after is not None and spell.runs < _NEWS_RUNS):
                continue
            one = _unread(spell, after, troubles, reached.get(source), window.end_ns)
            if one.overlaps(window.start_ns, window.end_ns):
                found.append(one)
    return found


def _unread(
    spell: Pulls, after: Pulls | None, troubles: pl.DataFrame, reached_ns: int | None, end_ns: int
) -> Blindness:
    until_ns = None if after is None else after.ended_ns if after.runs == 1 else after.began_ns
    kind, said = _kind_of(spell, troubles, end_ns if until_ns is None else until_ns)
    what, todo = two_parts(said)
    name = f"source {spell.source}"
    if until_ns is not None:
        sentence = f"{name} could not be read{_WERE[kind]}; what happened then is read by now"
        return Blindness(kind, spell.source, spell.began_ns, until_ns, sentence, hides=False)
    tries = f"{spell.runs} pulls in a row" if spell.runs > 1 else "its last pull"
    missing = f"; {lasted(end_ns - reached_ns)} are missing" if reached_ns is not None else ""
    how = "failed" if spell.course == "failed" else "did not end"
    told = f"{name}: {what}" if what else f"{name} {_WORDS[kind]}"
    sentence = f"{told}{missing}, {tries} {how}"
    way_out = todo or _TODO[kind]
    return Blindness(kind, spell.source, spell.began_ns, None, sentence, way_out, is_news=spell.runs >= _NEWS_RUNS)


def _kind_of(spell: Pulls, troubles: pl.DataFrame, until_ns: int) -> tuple[BlindKind, str]:
    """The kind of the last trouble of the source within a spell, and what was said; else what its run ended with."""
    own = troubles.filter(
        pl.col("kind").is_in(_KINDS), pl.col("subject") == spell.source,
        pl.col("last_seen_ns") >= spell.began_ns - _HOUR_NS, pl.col("since_ns") <= until_ns,
    ).sort("last_seen_ns")  # fmt: skip
    if own.height:
        last = own.row(-1, named=True)
        return last["kind"], last["detail"][:_SAID]
    said = spell.outcome.partition("failed: ")[2]
    return "source", said[:_SAID]


def settled_at(cursors: pl.DataFrame) -> dict[str, int]:
    """Up to when each source was read for good, as its cursor says; of those only whose cursor tells it."""
    told = {name: stored_reaches(_json(text)).values() for name, text in cursors.select("source", "cursor").rows()}
    return {name: min(one.settled_ns for one in reaches) for name, reaches in told.items() if reaches}


def read_up_to(
    pulls: Mapping[str, Sequence[Pulls]], arrivals: pl.DataFrame, settled: Mapping[str, int]
) -> dict[str, int]:
    """Up to when each pulled source was read: as its cursor says, else as its last good pull and what it gave tell.

    settled: as settled_at gives it.
    """
    pulled = arrivals.filter(~pl.col("is_received"), pl.col("received_at_ns").is_not_null())
    last = pulled.group_by("source", maintain_order=True).agg(pl.col("received_at_ns").max())
    reached: dict[str, int] = dict(last.iter_rows())
    for source, spells in pulls.items():
        good = [one.last_began_ns for one in spells if one.course == "read"]
        if good and source in reached:
            reached[source] = max(reached[source], good[-1])
    return reached | {source: at_ns for source, at_ns in settled.items() if source in reached}


def late_sources(
    pulls: Mapping[str, Sequence[Pulls]], arrivals: pl.DataFrame, settled: Mapping[str, int], end_ns: int
) -> list[Blindness]:
    """Sources that are pulled without failing and are far behind all the same, as their cursors say: settled."""
    found = []
    for source, reached_ns in settled.items():
        spells = pulls.get(source, ())
        usual_ns = next((one.usual_ns for one in spells if one.usual_ns), 0) or 0
        own = arrivals.filter(pl.col("source") == source, pl.col("received_at_ns").is_not_null())
        most_ns = _LATE_PACES * usual_ns + _LATE_NS
        alive_ns = max([one.ended_ns for one in spells] + own["stored_at_ns"].to_list(), default=0)
        is_failing = bool(spells) and spells[-1].course != "read"
        if end_ns - reached_ns <= most_ns or end_ns - alive_ns > most_ns or is_failing or not own.height:
            continue
        found.append(_late(source, own, reached_ns, most_ns, end_ns))
    return found


def _late(source: str, own: pl.DataFrame, reached_ns: int, most_ns: int, end_ns: int) -> Blindness:
    stored = own["stored_at_ns"].to_numpy()
    until = np.maximum.accumulate(own["received_at_ns"].to_numpy())
    on_time = np.flatnonzero(stored - until <= most_ns)
    since = int(stored[on_time[-1]]) if len(on_time) else int(stored[0])
    behind_ns = end_ns - reached_ns
    first = max(int(np.searchsorted(stored, end_ns - _PACE_NS)) - 1, 0)
    took_ns, read_ns = int(stored[-1] - stored[first]), int(until[-1] - until[first])
    pace = read_ns / took_ns if took_ns > 0 else None
    told = f"source {source} is read late: {lasted(behind_ns)} behind"
    if pace is not None and pace > _CATCHES_UP:
        left_ns = round(behind_ns / (pace - 1))
        sentence = f"{told}, catching up in about {lasted(left_ns)}"
        return Blindness("lag", source, since, None, sentence, is_news=left_ns > _LONG_NS)
    grows = "and it grows" if pace is not None and pace < 1 / _CATCHES_UP else "and it does not fall"
    todo = "pull more often (section `schedule`), narrow the filter of the source, or split it by project"
    return Blindness("lag", source, since, None, f"{told}, {grows}", todo)


def silent_sources(
    arrivals: pl.DataFrame, blind: Sequence[Blindness], reached: Mapping[str, int], window: Window
) -> list[Blindness]:
    """Sources that answer and give nothing although they gave before, by their own rhythm.

    reached: up to when what a source gave is known, of those alone that are asked, or listened for. Silences that other
    blindness explains are left out: blind.
    """
    found = []
    rhythms = {key: rhythm for key, rhythm in _rhythms(arrivals).items() if key[0] in reached}
    for (source, is_received), rhythm in rhythms.items():
        until_ns = min(window.end_ns, reached[source])
        others = [one for key, one in rhythms.items() if key != (source, is_received)]
        for start_ns, end_ns in rhythm.silences(window.start_ns, until_ns):
            if any(_explains(one, source, start_ns, end_ns) for one in blind):
                continue
            silence = rhythm.judge(start_ns, end_ns)
            if silence is not None and (silence.is_sure or end_ns >= until_ns):
                is_open = end_ns >= until_ns
                found.append(_silent(source, silence, others, is_received=is_received, is_open=is_open))
    return found


def _rhythms(arrivals: pl.DataFrame) -> dict[tuple[str, bool], Rhythm]:
    """When each source gave anything new, by its name and whether it is received; logtriage itself is none."""
    is_own = pl.col("source") == OWN_SERVICE
    timed = arrivals.filter(pl.col("first_at_ns").is_not_null(), pl.col("stored") > 0, ~is_own)
    parts = timed.partition_by("source", "is_received", as_dict=True, maintain_order=True)
    return {
        (str(source), bool(is_received)): Rhythm.of(
            own["first_at_ns"].to_numpy(), own["last_at_ns"].to_numpy(), own["stored"].to_numpy().astype(np.float64)
        )
        for (source, is_received), own in parts.items()
    }


def _explains(one: Blindness, source: str, start_ns: int, end_ns: int) -> bool:
    return one.subject in {source, ""} and one.kind != "dead" and one.overlaps(start_ns, end_ns)


def _silent(source: str, silence: Silence, others: Sequence[Rhythm], *, is_received: bool, is_open: bool) -> Blindness:
    """In words: what should have come, and whether anything else shows life."""
    alive = sum(_gives(one, silence) for one in others)
    which = "nothing happened, or it was not collected"
    if alive:
        which = f"{alive} of {len(others)} other sources gave as usual, so rather it was not collected"
    usual = f"about {silence.expected:,.0f} records are usual in these hours" if silence.days else "steady before"
    name = "the receiver" if is_received else f"source {source}"
    verb = ("gets" if is_open else "got") if is_received else ("answers and gives" if is_open else "gave")
    todo = (
        "look whether the exporters still send, and to which address"
        if is_received
        else "look at the filter of the source, at sinks and exclusions of the project, and whether its services run"
    )
    until_ns = None if is_open else silence.end_ns
    return Blindness(
        "silence", source, silence.start_ns, until_ns, f"{name} {verb} nothing ({usual}): {which}",
        todo if is_open else "", is_news=silence.is_sure, is_lost=not is_open,
    )  # fmt: skip


def _gives(rhythm: Rhythm, silence: Silence) -> bool:
    return bool(np.any((rhythm.last_ns > silence.start_ns) & (rhythm.first_ns < silence.end_ns)))


def _json(text: str) -> dict[str, Any] | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
