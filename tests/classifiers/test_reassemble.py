"""What one event wrote over several entries becomes one event, whatever stands between."""

import random
from typing import Any

import polars as pl
import pytest

from classifiers.reassemble import EVENT_SCHEMA, reassemble
from collector.store import Store
from tests.support.pieces import groups, import_pieces, text_lines
from tests.support.signing import line, lines
from tests.support.traces import WRITTEN

TRACE = [
    "Traceback (most recent call last):",
    '  File "/app/shop/pay.py", line 12, in pay',
    "    charge()",
    "ValueError: no bank",
]


def ids(events: pl.DataFrame) -> list[list[str]]:
    found: list[list[str]] = events["insert_ids"].to_list()
    return found


def numbered(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows with ids 0, 1, 2 ... in the order given."""
    return lines(*({**row, "insert_id": str(number)} for number, row in enumerate(rows)))


def unknown(message: str, at: float, **changes: Any) -> dict[str, Any]:
    return line(message, at, severity=0, is_hit=False, **changes)


class TestTraces:
    def test_a_trace_cut_into_lines_is_one_event_with_the_line_before(self) -> None:
        rows = [line("ERROR cannot pay"), *(unknown(text, 0.01 * n) for n, text in enumerate(TRACE, 1))]

        events = reassemble(numbered(*rows))

        assert ids(events) == [["0", "1", "2", "3", "4"]]
        assert events["text"].to_list() == ["\n".join(["ERROR cannot pay", *TRACE])]

    def test_lines_of_other_threads_between_stand_by_themselves(self) -> None:
        rows = [unknown(text, 0.01 * n) for n, text in enumerate(TRACE)]
        rows[0]["is_hit"] = True
        rows.insert(2, line("2026-09-14 20:00:00 [ERROR] worker is tired", 0.015))

        assert sorted(ids(reassemble(numbered(*rows)))) == [["0", "1", "3", "4"], ["2"]]

    def test_tracebacks_of_a_chain_are_one_event(self) -> None:
        whole = "\n".join(TRACE)
        glue = "During handling of the above exception, another exception occurred:"

        events = reassemble(numbered(line(whole), unknown(glue, 0.01), line(whole, 0.02), line(whole, 0.5)))

        assert ids(events) == [["0", "1", "2"], ["3"]]

    def test_java_frames_in_lines_follow_their_exception(self) -> None:
        rows = [
            line("2026-09-14T20:00:00Z ERROR 1 --- [main] c.s.Pay : cannot pay"),
            unknown("java.net.ConnectException: refused", 0.01),
            unknown("\tat com.shop.Pay.go(Pay.java:1)", 0.02),
            unknown("\t... 7 more", 0.03),
        ]

        assert ids(reassemble(numbered(*rows))) == [["0", "1", "2", "3"]]

    def test_a_trace_on_another_instance_or_log_is_another_event(self) -> None:
        whole = "\n".join(TRACE)
        rows = [line("ERROR cannot pay"), line(whole, 0.01, instance="two"), line(whole, 0.01, log="stdout")]

        assert sorted(ids(reassemble(numbered(*rows)))) == [["0"], ["1"], ["2"]]

    def test_a_trace_does_not_belong_to_a_line_that_tells_of_no_trouble(self) -> None:
        rows = [unknown("INFO serving", 0.0), line("\n".join(TRACE), 0.01)]

        assert ids(reassemble(numbered(*rows))) == [["1"]]


class TestBrokenMessages:
    def test_a_message_broken_by_a_newline_is_put_together(self) -> None:
        rows = [line('ERROR database "shop'), unknown('" does not exist', 0.02)]

        events = reassemble(numbered(*rows))

        assert events["text"].to_list() == ['ERROR database "shop\n" does not exist']
        assert ids(events) == [["0", "1"]]

    @pytest.mark.parametrize("gap", [2.0, 3000.0])
    def test_a_line_that_comes_later_is_its_own(self, gap: float) -> None:
        rows = [line("ERROR cannot pay"), line("cannot sell", gap, severity=0)]

        assert ids(reassemble(numbered(*rows))) == [["0"], ["1"]]

    def test_structured_entries_and_requests_stand_alone(self) -> None:
        rows = [
            line("cannot pay", payload="{}"),
            line("cannot pay", 0.01, payload="{}"),
            line(None, 0.02, http_status=500),
            line("Container called exit(3).", 0.03, log="varlog/system"),
        ]

        assert len(ids(reassemble(numbered(*rows)))) == 4


BETWEEN = "2026-09-14 20:00:00,124 INFO all is well"
CHATTER = "Listening for orders"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Everything of WRITTEN twice, an instance each, with chatter behind; the second time another thread writes too."""
    entries = []
    for number, (name, text) in enumerate(WRITTEN.items()):
        texts = [*text.split("\n"), CHATTER]
        place: dict[str, Any] = {"labels": {"instanceId": name}, "name": f"n{number}-"}
        middle = 10_000 + 0.01 * (len(texts) // 2) - 0.005
        entries += [*text_lines(*texts, **place), *text_lines(*texts, at_ms=10_000, **place)]
        if name not in {"python warning", "sql"}:  # nothing in their first lines says that more follows
            entries += text_lines(BETWEEN, at_ms=middle, **place)
        entries += text_lines(CHATTER, at_ms=9_999.99, **place)
    return import_pieces(tmp_path_factory.mktemp("written"), entries)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_runtime_writes_in_lines_is_one_event_and_swallows_nothing(name: str, written: Store) -> None:
    lines_of = WRITTEN[name].split("\n")

    assert groups(written, name) == [lines_of, lines_of]


class TestEvents:
    def test_severity_is_the_highest_and_a_trace_id_is_taken_from_any_part(self) -> None:
        rows = [line("ERROR cannot pay", severity=17), line("  because", 0.01, severity=0, trace="ab" * 16)]

        event = reassemble(numbered(*rows)).row(0, named=True)

        assert (event["severity"], event["trace"]) == (17, "ab" * 16)

    def test_every_hit_is_in_one_event_and_order_does_not_matter(self) -> None:
        rows = []
        for n in range(60):
            rows += [
                line(f"ERROR cannot pay {n}", n * 3),
                *(unknown(t, n * 3 + 0.01 * k) for k, t in enumerate(TRACE, 1)),
            ]
        frame = numbered(*rows)

        events = reassemble(frame)

        shuffled = rows_of(frame, random.Random(7))
        assert reassemble(shuffled).equals(events)
        assert sorted(one for group in ids(events) for one in group) == sorted(frame["insert_id"].to_list())
        assert dict(events.schema) == EVENT_SCHEMA

    def test_no_entries_give_no_events(self) -> None:
        assert reassemble(lines()).is_empty()


def rows_of(frame: pl.DataFrame, order: random.Random) -> pl.DataFrame:
    places = list(range(frame.height))
    order.shuffle(places)
    return frame[places]
