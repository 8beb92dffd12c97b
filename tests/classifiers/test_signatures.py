"""A signature is a pure function of its event: what decides is in it, what varies is not."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.signatures import OCCURRENCE_SCHEMA, RULES, SIGNATURE_SCHEMA, sign
from collector.collect import normalise
from collector.config import StoreConfig
from collector.normalise.redact import Redactor
from collector.store import Store
from tests.support.entries import log_entry, raw_batch
from tests.support.signing import line, lines

TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/app/shop/pay.py", line {number}, in pay\n'
    "    charge()\n"
    "ValueError: no bank for customer {number}"
)
STACK = "TypeError: bank.charge is not a function\n    at Cashier.pay (/usr/src/app/dist/cashier.js:{number}:25)"


def signed(*rows: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    result = sign(lines(*rows))
    return result.signatures, result.occurrences


def ids(*rows: dict[str, Any]) -> list[str]:
    return signed(*rows)[1]["signature_id"].to_list()


def one(row: dict[str, Any]) -> dict[str, Any]:
    """The signature of one row, its parts read."""
    found = signed(row)[0].row(0, named=True)
    return {**found, "parts": json.loads(found["parts"])}


class TestIdentity:
    def test_numbers_ids_and_times_do_not_count(self) -> None:
        first, second = ids(
            line("2026-09-14 20:00:01 ERROR [shop.pay] order 17 of req_7bda598bcaea took 3.5s"),
            line("2026-09-15 21:10:07 ERROR [shop.pay] order 993 of req_00112233aabb took 12s", 900),
        )

        assert first == second

    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ("call refused: status 403", "call refused: status 500"),
            ("socket closed code=1011", "socket closed code=1000"),
            ("refused for service:orders", "refused for a guest"),
            ("object Row can't be used in 'await' expression", "object Manager can't be used in 'await' expression"),
        ],
    )
    def test_failures_that_differ_in_what_decides_stay_apart(self, a: str, b: str) -> None:
        first, second = ids(line(a), line(b, 900))

        assert first != second

    def test_line_numbers_and_values_of_a_trace_do_not_count(self) -> None:
        first, second = ids(line(TRACE.format(number=12)), line(TRACE.format(number=99), 900))

        assert first == second

    def test_what_a_line_and_the_trace_behind_it_both_say_stands_once_in_the_title(self) -> None:
        told = (
            "2026/02/27 02:28:37 settings.go:53: ERROR: cannot render: config: BUCKET is empty\n"
            "config: BUCKET is empty\n"
            "goroutine 24351 [running]:\nshop/internal/core/settings.(*Settings).Require(0xceadcc0ecc)\n"
            "\t/src/internal/core/settings.go:31 +0x1f\n"
        )

        assert one(line(told))["title"].endswith("cannot render: config: BUCKET is empty")
        assert one(line(told))["title"].count("BUCKET") == 1

    def test_names_in_an_exception_count(self) -> None:
        head = 'Traceback (most recent call last):\n  File "/app/a.py", line 1, in go\n'
        missing = head + "AttributeError: no attribute '{}'"

        assert len(set(ids(line(missing.format("get")), line(missing.format("put"), 900)))) == 2

    def test_a_trace_in_a_field_counts_like_a_trace_in_text(self) -> None:
        payload = {"message": "cannot pay 17", "err": {"stack": STACK.format(number=5)}}
        row = line("cannot pay 17", payload=json.dumps(payload))

        found = one(row)

        assert found["kind"] == "exception"
        assert found["parts"]["frames"] == ["cashier:Cashier.pay"]
        assert found["signature_id"] == one(line(STACK.format(number=8)))["signature_id"]

    def test_a_placeholder_in_an_error_field_is_no_exception(self) -> None:
        placeholder = {"error": {"type": "str", "message": "Missing field", "severity": "ERROR"}}

        assert one(line("ready soon", payload=json.dumps(placeholder)))["kind"] == "message"

    def test_a_field_that_says_that_nothing_was_raised_counts_for_nothing(self) -> None:
        told = json.dumps({"message": "cannot pay", "exc_info": "NoneType: None"})

        assert one(line("cannot pay", payload=told))["title"] == "cannot pay"
        assert ids(line("cannot pay", payload=told)) == ids(line("cannot pay\nNoneType: None"))

    def test_an_exception_told_in_fields_without_frames_keeps_its_message(self) -> None:
        told = json.dumps({"err": {"type": "Error", "message": "key missing"}})

        first, second = ids(line("cannot pay", payload=told), line("cannot sell", 900, payload=told))

        assert first != second

    def test_a_message_of_one_word_takes_its_logger_in(self) -> None:
        first, second = ids(line("failed", logger="shop.pay"), line("failed", 900, logger="shop.sell"))
        third, fourth = ids(line("cannot pay the bank", logger="a"), line("cannot pay the bank", 900, logger="b"))

        assert first != second
        assert third == fourth

    def test_the_parts_say_what_counted(self) -> None:
        found = one(line(TRACE.format(number=12)))

        assert found["title"] == "ValueError: no bank for customer <number>"
        assert found["parts"]["contributes"] == ["frames", "tokens", "type"]
        assert found["parts"]["frames"] == ["shop.pay:pay"]


class TestRequests:
    def test_a_request_and_its_access_lines_are_one_signature(self) -> None:
        found = ids(
            line(None, http_method="GET", http_path="/orders/17", http_status=503, log="requests"),
            line('169.254.169.126:4711 - "GET /orders/18 HTTP/1.1" 503', 900, severity=9),
            line("completed method=GET path=/orders/19 status=503 duration_ms=4.5", 1800, severity=9),
            line("Request: GET /orders/20 | Status: 503 | Duration: 2.26ms", 2700, severity=0),
        )

        assert len(set(found)) == 1

    def test_status_and_route_count_but_not_the_route_of_what_does_not_exist(self) -> None:
        def request(path: str, status: int, at: float) -> dict[str, Any]:
            return line(None, at, http_method="GET", http_path=path, http_status=status, log="requests")

        found = ids(
            request("/a", 500, 0),
            request("/a", 503, 1),
            request("/b", 500, 2),
            request("/x", 404, 3),
            request("/y", 404, 4),
        )

        assert len(set(found[:3])) == 3
        assert found[3] == found[4]

    def test_the_word_of_the_platform_counts_and_not_the_route(self) -> None:
        said = "The request failed because the instance could not start successfully."
        rows = [
            line(said, at, http_method="GET", http_path=path, http_status=503, log="requests")
            for at, path in enumerate(("/a", "/b"))
        ]

        assert len(set(ids(*rows))) == 1

    def test_an_error_that_names_a_request_is_a_message(self) -> None:
        assert one(line("call of POST /pay failed: status 503", severity=17))["kind"] == "message"

    def test_the_status_of_an_access_line_is_told(self) -> None:
        assert signed(line('"GET /a HTTP/1.1" 500', severity=9))[1]["http_status"].to_list() == [500]

    def test_platform_lines_keep_their_exit_code(self) -> None:
        found = one(line("Container called exit(3).", log="varlog/system", severity=13))

        assert (found["kind"], found["title"]) == ("platform", "Container called exit(3).")


class TestStability:
    @settings(max_examples=8, deadline=None)
    @given(st.permutations(range(6)), st.integers(1, 5))
    def test_order_and_batches_change_nothing(self, order: list[int], cut: int) -> None:
        rows = [
            line("cannot pay 17"),
            line(TRACE.format(number=1), 1000),
            line('"GET /a/7 HTTP/1.1" 500', 2000, severity=9),
            line("cannot pay 18", 3000, service="cart"),
            line("Container called exit(3).", 4000, log="varlog/system"),
            line(None, 5000, payload="{}"),
        ]
        whole = sign(lines(*rows))

        shuffled = sign(lines(*(rows[place] for place in order)))
        halves = [sign(lines(*rows[:cut])), sign(lines(*rows[cut:]))]

        assert shuffled.signatures.equals(whole.signatures)
        assert shuffled.occurrences.equals(whole.occurrences)
        joined = pl.concat([half.occurrences for half in halves]).sort("at_ns")
        assert joined.equals(whole.occurrences)

    def test_ids_are_those_that_were_told_before(self) -> None:
        """A change here is a change of rules: raise RULES with it."""
        rows = [
            line("cannot pay 17"),
            line(TRACE.format(number=1), 1000),
            line('"GET /a/7 HTTP/1.1" 500', 2000, severity=9),
        ]

        assert ids(*rows) == ["7cedb33be3ee7588", "14922772977dfcee", "be46e6075b1c5f60"]

    def test_nothing_gives_frames_without_rows(self) -> None:
        signatures, occurrences = signed()

        assert (dict(signatures.schema), dict(occurrences.schema)) == (SIGNATURE_SCHEMA, OCCURRENCE_SCHEMA)
        assert signatures.is_empty()
        assert occurrences.is_empty()

    @pytest.mark.parametrize(
        "text", ["", "\n", "\x00\x02K", "a" * 300_000, "(" * 5000, "Traceback (most recent call last):", "🔥" * 9]
    )
    def test_hostile_texts_are_signed_all_the_same(self, text: str) -> None:
        assert len(ids(line(text))) == 1


class TestFindEntriesToSign:
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return Store(StoreConfig(path=tmp_path / "s.duckdb"), clock_ns=lambda: 7)

    def find(self, store: Store, *records: dict[str, Any]) -> pl.DataFrame:
        run_id = store.begin_run("import", "files")
        store.append([normalise(raw_batch(*records), redactor=Redactor(b"k" * 32))], run_id=run_id)
        store.end_run(run_id, outcome="complete")
        with store.read() as reader:
            batch_ids = reader.frame("find_next_ids").row(0)
            return reader.frame(
                "find_entries_to_sign", batch_ids=list(range(max(batch_ids) + 1)), rules=RULES, from_ns=0,
                until_ns=2**62, crowded_streams=[], crowded_seconds=[], crossed_streams=[],
                crossed_seconds=[],
            )  # fmt: skip

    @pytest.mark.parametrize(
        ("changes", "is_found"),
        [
            ({"textPayload": "all is well"}, False),
            ({"textPayload": "[boot] error recovery ready"}, False),
            ({"textPayload": "all is well", "severity": "WARNING"}, True),
            ({"textPayload": "could not reach the bank"}, True),
            ({"textPayload": 'INFO:     10.0.0.1:5 - "GET /a HTTP/1.1" 200'}, False),
            ({"textPayload": 'INFO:     10.0.0.1:5 - "GET /a HTTP/1.1" 403'}, True),
            ({"textPayload": 'Traceback (most recent call last):\n  File "a.py", line 1', "severity": "INFO"}, True),
            ({"textPayload": "api: 403: Not authenticated", "severity": "INFO"}, True),
            ({"textPayload": None, "httpRequest": {"requestMethod": "GET", "requestUrl": "/a", "status": 200}}, False),
            ({"textPayload": None, "httpRequest": {"requestMethod": "GET", "requestUrl": "/a", "status": 503}}, True),
        ],
    )  # fmt: skip
    def test_what_tells_of_a_failure_is_found(self, store: Store, changes: dict[str, Any], *, is_found: bool) -> None:
        found = self.find(store, log_entry(**changes))

        assert found["is_hit"].to_list() == [True] * is_found

    def test_neighbours_of_a_hit_come_with_it(self, store: Store) -> None:
        near, far = "2026-09-14T20:00:00.010Z", "2026-09-14T20:00:09Z"
        hit = log_entry(textPayload="ERROR cannot pay", timestamp="2026-09-14T20:00:00Z")
        rest = [log_entry(textPayload="and so on", timestamp=at) for at in (near, far)]
        other = log_entry(textPayload="and so on", timestamp=near, labels={"instanceId": "two"})

        found = self.find(store, hit, *rest, other)

        assert found["insert_id"].to_list() == [hit["insertId"], rest[0]["insertId"]]
        assert found["is_hit"].to_list() == [True, False]
        assert sign(found).occurrences["insert_ids"].to_list() == [[hit["insertId"]]]
