"""The order in which entries come in changes nothing: not the occurrences, not the signatures, not the report."""

import functools
import itertools
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from classifiers.classify import classify
from classifiers.config import ClassifyConfig
from classifiers.findings import Findings
from classifiers.signatures import RULES
from collector.store import Store
from collector.window import NS_PER_S, Window
from tests.support.entries import log_entry
from tests.support.pieces import import_pieces, occurrences, text_lines
from tests.support.signing import START_NS
from tests.support.traces import WRITTEN

SECONDS = 10
# an example is two or three imports; a failing one is not made smaller, which would take minutes
EXAMPLES = settings(max_examples=3, deadline=None, derandomize=True, database=None, phases=[Phase.generate])


def entries() -> list[dict[str, Any]]:
    """Requests, good and failed, of one service, with the traces, values and lines that three instances wrote."""
    found: list[dict[str, Any]] = []
    dice = random.Random(7)
    names = sorted(WRITTEN)
    for step in range(SECONDS):
        instance = f"instance-{step % 3}"
        place: dict[str, Any] = {"labels": {"instanceId": instance}, "name": f"{step}-"}
        texts = [*WRITTEN[dice.choice(names)].split("\n"), "INFO done", f"Waiting for {dice.choice('abc')}"]
        found += text_lines(
            *texts, at_ms=1000 * step + dice.random() * 900, step_ms=dice.choice((0.01, 0.4, 9.0)), **place
        )
        found += text_lines(f'ERROR no bank "{dice.choice("xy")}', '" to pay', at_ms=1000 * step + 950, **place)
        request = {"requestMethod": "GET", "requestUrl": "/pay", "status": dice.choice((200, 500)), "latency": "0.9s"}
        found.append(
            log_entry(
                insertId=f"r{step}", textPayload=None, httpRequest=request, labels={"instanceId": instance},
                timestamp=found[-1]["timestamp"], receiveTimestamp=found[-1]["timestamp"],
                logName="projects/shop-staging/logs/run.googleapis.com%2Frequests",
            )
        )  # fmt: skip
    return found


ENTRIES = entries()
Told = tuple[Any, ...]


def findings(store: Store, start_s: float = 0, end_s: float = SECONDS + 5) -> Findings:
    window = Window(START_NS + round(start_s * NS_PER_S), START_NS + round(end_s * NS_PER_S))
    with store.read() as reader:
        return classify(reader, window=window, now_ns=window.end_ns, config=ClassifyConfig())


def told(*pieces: list[dict[str, Any]], is_signed_between: bool = True) -> tuple[Told, ...]:
    """What the store holds and the report tells after these imports."""
    folder = Path(tempfile.mkdtemp())
    try:
        store = import_pieces(folder, *pieces, is_signed_between=is_signed_between)
        report = findings(store)
        return (*occurrences(store),), report.clusters, report.incidents, report.standing, report.noise
    finally:
        shutil.rmtree(folder)


@functools.cache
def whole() -> tuple[Told, ...]:
    """Of one import of everything."""
    return told(ENTRIES)


def cut(rows: list[dict[str, Any]], places: list[float]) -> list[list[dict[str, Any]]]:
    """The rows in as many pieces and one more."""
    bounds = [0, *sorted(round(place * len(rows)) for place in places), len(rows)]
    return [rows[a:b] for a, b in itertools.pairwise(bounds) if b > a]


def shuffled(seed: int) -> list[dict[str, Any]]:
    rows = list(ENTRIES)
    random.Random(seed).shuffle(rows)
    return rows


PLACES = st.lists(st.floats(0, 1), min_size=1, max_size=2)


@EXAMPLES
@given(seed=st.integers(0, 1000), places=PLACES, is_signed_between=st.booleans())
def test_shuffled_lines_in_any_imports_give_the_same(
    seed: int, places: list[float], *, is_signed_between: bool
) -> None:
    assert told(*cut(shuffled(seed), places), is_signed_between=is_signed_between) == whole()


@EXAMPLES
@given(places=PLACES, seed=st.integers(0, 1000))
def test_a_file_cut_anywhere_and_imported_in_any_order_gives_the_same(places: list[float], seed: int) -> None:
    pieces = cut(ENTRIES, places)
    random.Random(seed).shuffle(pieces)

    assert told(*pieces) == whole()


@EXAMPLES
@given(first=st.floats(0.3, 1), second=st.floats(0, 0.7), is_again=st.booleans())
def test_overlapping_files_and_imports_of_the_same_again_give_the_same(
    first: float, second: float, *, is_again: bool
) -> None:
    size = len(ENTRIES)
    pieces = [ENTRIES[round(min(first, second) * size) :], ENTRIES[: round(first * size)]]

    assert told(*pieces, *([pieces[0]] if is_again else [])) == whole()


def test_a_window_cut_in_two_tells_the_same_signatures(tmp_path: Path) -> None:
    store = import_pieces(tmp_path, ENTRIES)

    halves = [signatures(store, 0, SECONDS / 2), signatures(store, SECONDS / 2, SECONDS + 5)]

    assert halves[0] | halves[1] == signatures(store, 0, SECONDS + 5)
    assert halves[0] & halves[1]


def test_the_entries_are_put_together_at_all() -> None:
    lengths = [len(row[10]) for row in whole()[0][:-1]]

    assert max(lengths) > 10
    assert sum(lengths) == len({one for row in whole()[0][:-1] for one in row[10]})


def signatures(store: Store, start_s: float, end_s: float) -> set[str]:
    """What failed in [start_s, end_s)."""
    span = {"start_ns": START_NS + round(start_s * NS_PER_S), "end_ns": START_NS + round(end_s * NS_PER_S)}
    with store.read() as reader:
        return set(reader.frame("find_failures", **span, rules=RULES)["signature_id"])
