"""Which lines and spans name an event, and with which fields."""

import time
from pathlib import Path
from typing import Any

import pytest

from classifiers.events import find_new_events
from collector.store import Store, StoreConfig
from tests.support.system import System

SERVICE, REVISION = "desk", "desk-00001-aaa"


def events_of(store: Store) -> list[tuple[str, list[str]]]:
    with store.read() as reader:
        rows = reader.sql("select event, fields from events order by at_ns, insert_id")
    return [(event, fields) for event, fields in rows.rows()]


def told(folder: Path, *lines: str | dict[str, Any], severity: str = "INFO") -> list[tuple[str, list[str]]]:
    system = System()
    for number, line in enumerate(lines):
        if isinstance(line, str):
            system.line(number, SERVICE, REVISION, line, severity=severity)
        else:
            system.event(number, SERVICE, REVISION, line, severity=severity)
    return events_of(system.stored(folder))


@pytest.mark.parametrize(
    ("line", "event", "fields"),
    [
        ({"message": "event parcel-sent", "event_type": "parcel-sent", "parcel": "p1"}, "parcel-sent", ["parcel"]),
        ({"event": "run_started", "run_name": "r", "owner": ""}, "run_started", ["run_name"]),
        ({"eventName": "SeatTaken", "seat": 4, "row": None}, "SeatTaken", ["seat"]),
        ({"message": "x", "data": {"type": "seat.taken", "seat": "a"}}, "seat.taken", ["seat"]),
        ({"specversion": "1.0", "type": "com.acme.seat.taken", "data": {"seat": "a"}}, "com.acme.seat.taken", ["seat"]),
        ({"event": {"name": "seat.taken"}, "seat": "a"}, "seat.taken", ["seat"]),
        ('event=seat.taken payload={"seat":"a","row":""}', "seat.taken", ["seat"]),
        ('type=run_started payload={"run":"r"}', "run_started", ["run"]),
        ('time=1 level=INFO msg="eventName=seat.taken payload={\\"seat\\":\\"a\\"}"', "seat.taken", ["seat"]),
        ('level=info event="seat_taken" seat=a row=', "seat_taken", ["seat"]),
        ('{"event":"seat.taken","seat":"a"}', "seat.taken", ["seat"]),
        ("published SeatTaken", "SeatTaken", []),
        ("INFO Publishing event seat-taken to topic", "seat-taken", []),
        ("event seat-taken", "seat-taken", []),
        ("WebSocket event sent: run_started", "run_started", []),
        ("[12:00:01 INF] Emitted OrderConfirmed", "OrderConfirmed", []),
    ],
)
def test_a_line_names_its_event(line: str | dict[str, Any], event: str, fields: list[str], tmp_path: Path) -> None:
    assert told(tmp_path, line) == [(event, fields)]


@pytest.mark.parametrize(
    "line",
    [
        "event loop started",
        "initialized event bus in 12ms",
        "component ready: event bus",
        "GET /api/events/17 200",
        "processed 17 events",
        "event=1f0c2b3a4d5e6f70",
        "event=info",
        "dispatching worker",
        {"message": "ready", "type": "access"},
        {"message": "ready", "name": "desk"},
        {"message": "GET /orders", "kind": "request"},
    ],
)
def test_other_lines_name_none(line: str | dict[str, Any], tmp_path: Path) -> None:
    assert told(tmp_path, line) == []


@pytest.mark.parametrize("severity", ["DEBUG", "WARNING", "ERROR"])
def test_only_lines_of_the_normal_level_tell_events(severity: str, tmp_path: Path) -> None:
    assert told(tmp_path, "event=seat.taken", severity=severity) == []


def test_values_that_say_nothing_are_no_fields(tmp_path: Path) -> None:
    line = {"event": "seat.taken", "a": "", "b": "null", "c": [], "d": {}, "e": "None", "f": "x", "g": 0, "h": False}

    assert told(tmp_path, line) == [("seat.taken", ["f", "g", "h"])]


def test_events_are_found_once_and_anew_after_other_rules(tmp_path: Path) -> None:
    system = System()
    system.line(0, SERVICE, REVISION, "event=seat.taken", severity="INFO")
    store = system.stored(tmp_path)
    find_new_events(store)
    with store.write() as writer:
        writer.execute("insert_event_batches", batch_ids=[99], rules=1)

    find_new_events(store)

    assert events_of(store) == [("seat.taken", [])]


def test_a_database_without_batches_has_no_events(tmp_path: Path) -> None:
    find_new_events(Store(StoreConfig(path=tmp_path / "none.duckdb")))

    assert not (tmp_path / "none.duckdb").exists()


def test_a_long_hostile_line_is_read_in_no_time(tmp_path: Path) -> None:
    begun = time.monotonic()

    told(tmp_path, "event " + "a." * 100_000, "event=" + "{" * 100_000, 'type="' + "\\" * 100_000)

    assert time.monotonic() - begun < 5
