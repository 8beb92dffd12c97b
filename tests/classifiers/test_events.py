"""Which lines and spans name an event, and with which fields."""

from pathlib import Path
from typing import Any

import pytest

from classifiers.events import find_new_events
from collector.config import StoreConfig
from collector.store import Store
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


# One line for each way to write of events, with its event.
SENTENCES: tuple[tuple[str | dict[str, Any], str], ...] = (
    ('{"event_type": "seat-taken", "seat": 4}', "seat-taken"),
    ('EVENT {"eventName": "SeatTaken", "seat": 4}', "SeatTaken"),
    ('[2026-09-14T10:00:00+00:00] app.INFO: domain event {"event_name": "SeatTaken", "seat": 4} []', "SeatTaken"),
    ('2026-09-14 INFO outbox - {"type": "seat.taken", "data": {"seat": 4}}', "seat.taken"),
    ('{"level":"info","msg":"published SeatTaken","seat":4}', "SeatTaken"),
    ("[2026-09-14T10:00:00+00:00] app.INFO: seat-taken raised for seat #4 [] []", "seat-taken"),
    ("I, [2026-09-14T10:00:00.000001 #1]  INFO -- : [1f2e3d4c] seat-taken raised for seat #4", "seat-taken"),
    ("I0914 10:00:00.135193       1 seats.go:41] SeatTaken raised for seat #4", "SeatTaken"),
    ("info: Desk.Seats[11]\n      SEAT_TAKEN was sent", "SEAT_TAKEN"),
    ("10:00:00.001 [http-4] INFO  c.d.Seats - Emitting SeatTaken", "SeatTaken"),
    ("2026-09-14T10:00:00Z  INFO desk::seats: handled SeatTaken in 4ms", "SeatTaken"),
    ("INFO:desk.seats:seat_taken delivered", "seat_taken"),
    ("2026-09-14 10:00:00.1 | INFO     | desk.seats:take:12 - seat.taken emitted", "seat.taken"),
    ("[Nest] 1  - 09/14/2026, 10:00:00 AM     LOG [SeatsService] SeatTaken event sent", "SeatTaken"),
    ('2026-09-14T10:00:00Z\tINFO\tseats/take.go:12\tseat.taken\t{"seat": 4}', "seat.taken"),
    ("10:00AM INF seat.checkout seat=4", "seat.checkout"),
    ("time=2026-09-14T10:00:00Z level=INFO msg=seat.checkout seat=4", "seat.checkout"),
    ('time="2026-09-14T10:00:00Z" level=info msg="dispatched event seat.taken for desk 4"', "seat.taken"),
    ("[event] seat_taken", "seat_taken"),
    ("-> seat_taken", "seat_taken"),
    ("seat_assigned for desk 4", "seat_assigned"),
    ("SeatTaken v2", "SeatTaken"),
    ("Evento asiento.ocupado publicado", "asiento.ocupado"),
    ("platz_belegt wurde gesendet", "platz_belegt"),
    ({"message": "seat.checkout", "seat": 4}, "seat.checkout"),
    ({"msg": "x", "EventId": {"Id": 4, "Name": "SeatTaken"}}, "SeatTaken"),
    ({"@mt": "Publishing SeatTaken", "@l": "Information"}, "SeatTaken"),
    ({"fields": {"message": "seat taken", "event": "seat.taken"}, "target": "desk::seats"}, "seat.taken"),
    ({"message": "x", "event.action": "seat-taken"}, "seat-taken"),
)
NO_SENTENCES: tuple[str | dict[str, Any], ...] = (
    "event bus initialized",
    "[boot] event bus OK",
    "Registering handler OrderPlaced",
    "subscribed to event order-placed",
    "UPDATE orders SET order_paid = true",
    "SELECT is_deleted, order_placed FROM orders",
    '10.0.0.1 - - "GET /order-placed HTTP/1.1" 200',
    "order_placed is deprecated, use orders_v2",
    "metrics: orders_placed 17",
    "messages_received 17",
    "desk.orders.order_placed: worker ready",
    "2026-09-14 INFO [order-placed-worker] - ready",
    "10:00:00.001 [http-4] INFO  c.d.OrderClosed - ready",
    "sent request to desk-api",
    "Handling GetOrdersQuery",
    "Processing by OrdersController#create as JSON",
    "writing to table orders_archived",
    "order_created column added",
    "using feature_enabled for desk",
    "thread-started handler is idle",
    "request_finished in 4ms",
    "host desk-api.example.com reached",
    {"message": "request_finished", "status": 200},
    {"message": "ready", "context": {"name": "desk.orders"}},
    {"message": "ready", "logger": "desk.orders"},
    {"message": "checked seat 4", "kind": "seat"},
)


def test_sentences_and_json_of_every_style_name_their_event(tmp_path: Path) -> None:
    found = told(tmp_path, *(line for line, _ in SENTENCES))

    assert [event for event, _ in found] == [event for _, event in SENTENCES]


def test_lines_of_programs_name_no_event(tmp_path: Path) -> None:
    assert told(tmp_path, *NO_SENTENCES) == []


def test_spans_name_what_they_send_handle_and_do(tmp_path: Path) -> None:
    system = System()
    sends = {"messaging.destination.name": "SeatTaken"}
    typed = {"messaging.destination.name": "seats", "messaging.message.type": "seat.taken"}
    system.span(0, SERVICE, "a" * 32, "1" * 16, name="publish SeatTaken", kind=4, told=sends)
    system.span(1, SERVICE, "a" * 32, "2" * 16, name="seats send", kind=4, told=typed)
    system.span(2, SERVICE, "a" * 32, "3" * 16, name="send seat-taken", kind=4)
    system.span(3, SERVICE, "a" * 32, "4" * 16, name="process seats", kind=5, told=typed)
    system.span(4, SERVICE, "a" * 32, "5" * 16, name="emit SEAT_TAKEN", kind=1)
    system.span(5, SERVICE, "a" * 32, "6" * 16, name="seat_assigned", kind=1)
    for number, (name, kind) in enumerate(
        (("process seats", 5), ("dispatch SeatsController", 1), ("seat.check", 1), ("config.loaded", 1),
         ("SELECT seats", 3), ("GET /seats", 2), ("request_received", 1), ("middleware", 1)),
    ):  # fmt: skip
        system.span(10 + number, SERVICE, "b" * 32, f"b{number:015x}", name=name, kind=kind)

    found = events_of(system.stored(tmp_path))

    assert [event for event, _ in found] == [
        "SeatTaken", "seat.taken", "seat-taken", "seat.taken", "SEAT_TAKEN", "seat_assigned",
    ]  # fmt: skip


def test_an_event_of_a_span_without_a_project_is_of_its_service_s_project(tmp_path: Path) -> None:
    system = System()
    system.request(0, SERVICE, REVISION)
    system.span(1, SERVICE, "a" * 32, "1" * 16, name="publish SeatTaken", kind=4)
    store = system.stored(tmp_path)

    with store.read() as reader:
        rows = reader.sql("select distinct events.project = entries.project as same from events, entries").rows()

    assert rows == [(True,)]


def test_json_in_a_line_gives_the_fields(tmp_path: Path) -> None:
    line = 'EVENT {"event": "seat-taken", "seat": 4, "row": null, "by": {"guest": "g"}}'

    assert told(tmp_path, line) == [("seat-taken", ["by", "guest", "seat"])]


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


def test_a_long_hostile_line_is_read(tmp_path: Path) -> None:
    assert told(tmp_path, "event " + "a." * 100_000, "event=" + "{" * 100_000, 'type="' + "\\" * 100_000) == []
