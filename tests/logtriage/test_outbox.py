"""What each channel is told of a look, and what it is not."""

from typing import Any

from msgspec import to_builtins

from collector.replacing import replace
from logtriage.message import Message
from logtriage.outbox import Tells, Told, notice_id, read_message, to_tell, told_to
from tests.support.telling_messages import MINUTE_NS, NOW_NS, make_message

LATER_NS = NOW_NS + 60 * MINUTE_NS
NOTICE = Message("vanished:shop", "🟡", "shop drops KEY", (), "", "", facts="gone", made_at_ns=NOW_NS)


def _told(message: Message, **changes: object) -> Tells:
    """A channel that was told this message last."""
    claims = {one.name: one.value for one in message.claims}
    one = Told(0, message.facts, claims, "other figures", message.is_over, message.finding_id, message.made_at_ns)
    return replace(Tells("board", {message.incident_id: one}, {}, first_look_ns=NOW_NS), **changes)  # type: ignore[arg-type] # fields of Tells


def _later(**fields: Any) -> Message:
    return make_message(made_at_ns=LATER_NS, **fields)


def _act(message: Message, tells: Tells) -> str | None:
    told = to_tell(message, tells)
    return told.act if told else None


def test_a_channel_that_is_added_later_gets_what_goes_on_and_not_what_was_over() -> None:
    fresh = Tells("new", {}, {})

    assert _act(_later(state="ongoing"), fresh) == "open"
    assert [_act(_later(state=state), fresh) for state in ("resolved", "muted", "standing")] == [None] * 3


def test_what_came_and_went_between_two_looks_is_told_once() -> None:
    watched = Tells("board", {}, {}, first_look_ns=NOW_NS)

    assert _act(_later(state="resolved", onset_ns=NOW_NS + MINUTE_NS), watched) == "open"
    assert _act(_later(state="resolved", onset_ns=NOW_NS - MINUTE_NS), watched) is None


def test_an_incident_is_told_when_it_rises_and_then_followed() -> None:
    low = _later(priority="P3")

    assert to_tell(low, Tells("board", {}, {}), lowest="P2") is None
    assert to_tell(_later(priority="P2"), Tells("board", {}, {}), lowest="P2") is not None
    assert to_tell(replace(low, state="resolved"), _told(make_message(priority="P2")), lowest="P2") is not None


def test_a_change_says_what_is_another_and_what_it_was() -> None:
    told = to_tell(_later(priority="P0", verdict="shop-00009-new"), _told(make_message()))

    assert told is not None
    assert (told.act, told.news) == ("change", "P0, was P1. shop-00009-new did it, not shop-00008-bad.")


def test_a_claim_that_is_not_made_now_stays_as_it_was_told() -> None:
    message = _later()
    claims = tuple(one for one in message.claims if one.name != "verdict")

    assert _act(replace(message, claims=claims), _told(make_message())) == "edit"


def test_figures_of_what_is_over_or_not_shown_any_more_are_not_edited() -> None:
    over = make_message(state="resolved")

    assert _act(_later(state="resolved"), _told(over)) is None
    assert _act(replace(_later(), act="change"), _told(make_message())) is None


def test_a_look_that_is_older_than_what_was_told_says_nothing() -> None:
    assert to_tell(make_message(priority="P0"), _told(_later())) is None


def test_a_notice_is_told_once_and_its_end_only_to_those_who_had_it() -> None:
    empty = Tells("board", {}, {})
    warned = Tells("board", {}, {NOTICE.key: ("gone", NOW_NS)}, frozenset({notice_id(NOTICE, "board")}))
    back = replace(NOTICE, act="change", facts="back")

    assert [_act(NOTICE, empty), _act(NOTICE, warned)] == ["notice", None]
    assert [_act(back, empty), _act(back, warned)] == [None, "notice"]


def test_a_sign_of_life_comes_only_where_nothing_else_is_said() -> None:
    beat = replace(NOTICE, key="heartbeat", facts="1")
    empty = Tells("board", {}, {})

    assert told_to(empty, (), beat=lambda _: beat) == (beat,)
    assert [one.key for one in told_to(empty, (make_message(),), beat=lambda _: beat)] == ["i-pay:new"]


def test_a_message_comes_back_as_it_was_stored() -> None:
    import orjson  # noqa: PLC0415 - of this one test

    assert read_message(orjson.dumps(to_builtins(make_message())).decode()) == make_message()
