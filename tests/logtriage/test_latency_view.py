"""Rows of what became slower: figures in plain units, who did it, what in it, who waits."""

import pytest

from classifiers.findings import Attribution, Latency, Onset, SlowCaller, SlowPart
from collector.window import NS_PER_S
from logtriage.latency_json import latency_fields
from logtriage.latency_view import latency_rows, took_words
from logtriage.lookup import Lookup
from tests.support.findings import quiet_findings, revision

_MS = 10**6
_AT = 1_789_394_520 * NS_PER_S  # 2026-09-14T14:02:00Z, in the window of those findings
_LOOKUP = Lookup(quiet_findings(revisions=(revision("shop-00042-abc", _AT - 60 * NS_PER_S),)))


def _latency(**fields: object) -> Latency:
    told: dict[str, object] = {
        "service": "shop", "operation": "POST /orders", "attribution": None, "before": 380, "since": 412,
        "median_before_ns": 80 * _MS, "median_since_ns": 310 * _MS, "tail_before_ns": 240 * _MS,
        "tail_since_ns": 1900 * _MS, "slower": 0.91, "slow_ns": 300 * _MS, "slow": 220,
        "onset": Onset(_AT, _AT, _AT, 0.02, 0.5, "requests"),
    }  # fmt: skip
    return Latency(**(told | fields))  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("duration_ns", "said"),
    [(0, "0.0 ms"), (4_210_000, "4.2 ms"), (240 * _MS, "240 ms"), (1900 * _MS, "1.9 s"), (75 * NS_PER_S, "75 s"),
     (150 * NS_PER_S, "2.5 min")],
)  # fmt: skip
def test_durations_are_told_in_one_unit(duration_ns: int, said: str) -> None:
    assert took_words(duration_ns) == said


def test_row_tells_before_and_since_with_how_many_and_who_did_it() -> None:
    blamed = Attribution("shop", "shop-00042-abc", "shop-00041-abb", None, (), 0.95, ())

    rows = latency_rows([_latency(attribution=blamed)], _LOOKUP)

    assert rows == [
        (
            "shop: POST /orders p50 80 ms -> 310 ms, p95 240 ms -> 1.9 s",
            "412 requests since 14:02, 9 of 10 slower than before; since 00042-abc: very likely",
        ),
        ("change", "00042-abc 14:01, what changed in it is not known; logtriage diff shop-00041-abb shop-00042-abc"),
    ]


def test_slow_tail_is_told_by_how_many_are_slow() -> None:
    ((_, detail),) = latency_rows([_latency(slower=0.56, slow=50)], _LOOKUP)

    assert detail == "412 requests since 14:02, 50 of them over 300 ms; no revision blamed"


def test_what_is_over_tells_until_when() -> None:
    ((_, detail),) = latency_rows([_latency(ended_ns=_AT + 3600 * NS_PER_S, is_ongoing=False)], _LOOKUP)

    assert "14:02 to 15:02" in detail


def test_part_twins_and_callers_have_rows_of_their_own() -> None:
    part = SlowPart("shop", "SELECT orders", True, 12 * _MS, 480 * _MS, 1.0, 40.0, 0.94)
    caller = SlowCaller("web", "GET /cart", 100 * _MS, 500 * _MS, 0.98)

    rows = latency_rows([_latency(part=part, also=("GET /orders",), callers=(caller,))], _LOOKUP)

    assert rows[1:] == [
        ("in it SELECT orders 12 ms -> 480 ms on average, 1 -> 40 times a request", "94% of what it takes longer"),
        ("so is GET /orders", "since then too"),
        ("waits for it: web: GET /cart", "p50 100 ms -> 500 ms"),
    ]


def test_json_tells_milliseconds() -> None:
    told = latency_fields(_latency())

    assert (told["p95_before_ms"], told["p95_since_ms"], told["slow_since"]) == (240.0, 1900.0, 220)
    assert told["onset"] == "2026-09-14T14:02:00.000000000Z"
    assert told["slow_part"] is None
