"""Messages of what no log tells: missing events and slow operations, each once."""

from dataclasses import replace

from classifiers.findings import Absence, EventCount, Hypothesis, Latency, Onset
from logtriage.digest import DigestConfig, Message, build_digest, unsent
from tests.support.findings import HOUR_NS, ONSET_NS, attribution, quiet_findings

_MS = 10**6
_ONSET = Onset(ONSET_NS, ONSET_NS, ONSET_NS, 0.02, 0.5, "requests")


def _absence(event: str = "order.confirmed", **fields: object) -> Absence:
    told: dict[str, object] = {
        "trigger": "POST /orders", "before": EventCount(118, 118), "since": EventCount(96, 0), "onset": _ONSET,
        "priority": "P1",
    }  # fmt: skip
    return Absence(event, "shop", None, attribution(), **(told | fields))  # type: ignore[arg-type]  # fields by name


def _latency(operation: str = "POST /orders", **fields: object) -> Latency:
    told: dict[str, object] = {
        "attribution": None, "before": 380, "since": 412, "median_before_ns": 80 * _MS, "median_since_ns": 310 * _MS,
        "tail_before_ns": 240 * _MS, "tail_since_ns": 1900 * _MS, "slower": 0.97, "onset": _ONSET,
    }  # fmt: skip
    return Latency("shop", operation, **(told | fields))  # type: ignore[arg-type]  # fields by name


def _messages(*found: Absence | Latency, lowest: str = "P2") -> tuple[Message, ...]:
    absent = tuple(one for one in found if isinstance(one, Absence))
    slower = tuple(one for one in found if isinstance(one, Latency))
    told = quiet_findings(absent_events=absent, latency=slower)
    return build_digest(told, DigestConfig(lowest_priority=lowest)).messages  # type: ignore[arg-type]  # a priority


def test_missing_event_is_a_message_with_the_change_and_the_line_that_compares() -> None:
    (message,) = _messages(_absence())

    assert message.headline == "P1 new · shop · order.confirmed no longer arrives since 20:00 UTC"
    assert [line.label for line in message.lines] == ["CHANGE", "SEEN", "SURE"]
    assert "- PAYMENT_KEY" in message.lines[0].text
    assert "118 of 118 after POST /orders before, 0 of 96 since" in message.lines[1].text
    assert message.command == "logtriage diff shop-00007-abc shop-00008-bad"


def test_slow_operation_is_a_message_with_its_figures_and_why_nobody_is_blamed() -> None:
    why = Hypothesis("dependency", 0.9, "orders-db answers later", ())

    (message,) = _messages(_latency(hypotheses=(why,)))

    assert message.headline == (
        "P2 new · shop · POST /orders slower p50 80 ms -> 310 ms, p95 240 ms -> 1.9 s since 20:00 UTC"
    )
    assert message.lines[0].text == "no revision blamed: orders-db answers later"
    assert not message.command


def test_what_one_revision_did_is_one_message() -> None:
    blamed = attribution()

    told = _messages(
        _absence(), _absence("order.paid"), _latency(attribution=blamed), _latency("GET /orders", attribution=blamed)
    )

    assert [message.headline.partition(" since")[0] for message in told] == [
        "P1 new · shop · order.confirmed and order.paid no longer arrive",
        "P2 new · shop · POST /orders slower p50 80 ms -> 310 ms, p95 240 ms -> 1.9 s and 1 other operation",
    ]


def test_operations_that_slowed_hours_apart_without_a_revision_are_two_messages() -> None:
    later = replace(_ONSET, at_ns=ONSET_NS + 2 * HOUR_NS)

    assert len(_messages(_latency(), _latency("GET /orders", onset=later))) == 2


def test_what_is_silent_is_new_once_and_again_when_it_is_over() -> None:
    going = quiet_findings(absent_events=(_absence(),), latency=(_latency(),))
    over = quiet_findings(absent_events=(_absence(is_ongoing=False),), latency=(_latency(),))
    first = build_digest(going, DigestConfig())
    sent = frozenset(message.key for message in first.messages)

    assert not unsent(first, sent).messages
    (message,) = unsent(build_digest(over, DigestConfig()), sent).messages
    assert message.sign == "🟢"


def test_slowness_is_below_p1() -> None:
    assert [message.headline[:2] for message in _messages(_absence(), _latency(), lowest="P1")] == ["P1"]
