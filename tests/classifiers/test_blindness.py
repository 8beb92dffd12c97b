"""Spells of blindness from stored rows: what is not seen, since when, what to do; nothing where nothing is wrong."""

from pathlib import Path

import polars as pl
import pytest

from classifiers.blind import Blindness
from logtriage.delivery_rows import DELIVERY_SCHEMA
from logtriage.outbox import OUTBOX_SCHEMA
from tests.support.watched import DAY, MINUTE, MONDAY_NS, WatchedStore

_HOUR_NS = 3_600_000_000_000
_DENIED = (
    "Cloud Logging of `projects/shop` may not be read: the account lacks `logging.logEntries.list` (`denied`). "
    "Grant it, for example with the role `roles/logging.viewer`."
)


@pytest.fixture
def stored(tmp_path: Path) -> WatchedStore:
    return WatchedStore(tmp_path)


def _hours(at_ns: int | None) -> float | None:
    return None if at_ns is None else round((at_ns - MONDAY_NS) / _HOUR_NS, 2)


def _told(spells: tuple[Blindness, ...]) -> list[tuple[str, str, float | None, float | None]]:
    return [(one.kind, one.subject, _hours(one.since_ns), _hours(one.until_ns)) for one in spells]


def _pulled(stored: WatchedStore, start: float, end: float, *, gave: int = 50, every: float = 0.25) -> None:
    """A pull each quarter of an hour, each with records of that quarter."""
    for step in range(round((end - start) / every)):
        hour = start + (step + 1) * every
        stored.pull(hour, gave=gave, over=every)
        stored.cursor(hour, hour - 5 * MINUTE)


def test_a_steady_source_is_not_blind(stored: WatchedStore) -> None:
    _pulled(stored, 0, 12)

    assert stored.blindness(12.1) == ()


def test_a_lost_permission_says_since_when_what_is_missing_and_which_role_to_give(stored: WatchedStore) -> None:
    _pulled(stored, 0, 6)
    for step in range(12):
        stored.pull(6.25 + step * 0.25, outcome=f"failed: {_DENIED}")
    stored.look("permission", "logs", 6.25, _DENIED)
    stored.look("permission", "logs", 9.0, _DENIED)

    (one,) = stored.blindness(9.25)

    assert _told((one,)) == [("permission", "logs", 6.25, None)]
    assert "3 h 20 min are missing" in one.sentence
    assert "12 pulls in a row failed" in one.sentence
    assert one.todo == "Grant it, for example with the role `roles/logging.viewer`"
    assert one.is_news
    assert one.hides


def test_a_spent_quota_that_came_back_was_a_spell_and_its_records_are_read(stored: WatchedStore) -> None:
    _pulled(stored, 0, 6)
    for step in range(4):
        stored.pull(6.25 + step * 0.25, outcome="failed: 429")
    stored.look("quota", "logs", 6.25, "429 said. Wait.")
    stored.look("quota", "logs", 7.25, "")
    _pulled(stored, 7.0, 9.0)

    (one,) = stored.blindness(9.1)

    assert _told((one,)) == [("quota", "logs", 6.25, 7.25)]
    assert "is read by now" in one.sentence
    assert not one.hides


def test_one_failed_pull_is_told_while_it_is_the_last_and_wakes_nobody(stored: WatchedStore) -> None:
    _pulled(stored, 0, 6)
    stored.pull(6.25, outcome="failed: 503")
    assert [(one.kind, one.is_news) for one in stored.blindness(6.3)] == [("source", False)]

    _pulled(stored, 6.25, 7.0)

    assert stored.blindness(7.1) == ()


def test_a_source_that_flickers_is_one_spell(stored: WatchedStore) -> None:
    _pulled(stored, 0, 6)
    for at in range(3):
        stored.pull(6.25 + at * 0.75, outcome="failed: 503")
        stored.pull(6.5 + at * 0.75, outcome="failed: 503")
        stored.pull(6.75 + at * 0.75, gave=10)
    _pulled(stored, 8.25, 9.25)

    assert _told(stored.blindness(9.3)) == [("source", "logs", 6.25, 8.25)]


def _office_days(stored: WatchedStore, days: range) -> None:
    """Records from 6:00 to 20:00 on weekdays; pulls go on day and night."""
    for day in days:
        for hour in range(24):
            is_open = 6 <= hour < 20 and day % 7 < 5
            at = day * DAY + hour + 1
            stored.pull(at, gave=200 if is_open else 0, over=1.0)
    stored.cursor(days.stop * DAY, days.stop * DAY - 5 * MINUTE)


def test_nights_and_weekends_of_a_system_that_sleeps_then_are_no_silence(stored: WatchedStore) -> None:
    _office_days(stored, range(14))

    for hour in (9 * DAY + 3, 9 * DAY + 5.9, 12 * DAY + 12, 13 * DAY + 23):
        assert stored.blindness(hour) == (), hour


def test_the_first_weekend_and_the_first_night_are_no_silence_either(stored: WatchedStore) -> None:
    _office_days(stored, range(6))

    assert not [one for one in stored.blindness(5 * DAY + 15) if one.is_news]
    assert not [one for one in stored.blindness(1 * DAY + 5) if one.is_news]


def test_a_weekday_morning_on_which_nothing_comes_is_a_silence_since_the_last_sign(stored: WatchedStore) -> None:
    _office_days(stored, range(10))
    for hour in range(12):
        stored.pull(10 * DAY + hour + 1)
    stored.cursor(10 * DAY + 12, 10 * DAY + 12 - 5 * MINUTE)

    (one,) = stored.blindness(10 * DAY + 12.1)

    assert _told((one,)) == [("silence", "logs", 9 * DAY + 20, None)]
    assert one.is_news
    assert "records are usual in these hours" in one.sentence
    assert "nothing happened, or it was not collected" in one.sentence


def test_of_two_sources_the_one_that_still_gives_tells_that_the_other_was_not_collected(stored: WatchedStore) -> None:
    for day in range(9):
        for hour in range(24):
            is_lost = day == 8 and hour >= 10
            stored.pull(day * DAY + hour + 1, gave=0 if is_lost else 200, over=1.0)
            stored.pull(day * DAY + hour + 1, source="traces", gave=100, over=1.0)
    stored.cursor(9 * DAY, 9 * DAY - 5 * MINUTE)
    stored.cursor(9 * DAY, 9 * DAY - 5 * MINUTE, source="traces")

    (one,) = stored.blindness(9 * DAY + 0.1)

    assert _told((one,)) == [("silence", "logs", 8 * DAY + 10, None)]
    assert "1 of 1 other sources gave as usual, so rather it was not collected" in one.sentence


def test_senders_that_are_gone_are_told(stored: WatchedStore) -> None:
    for step in range(9 * 24 * 4):
        stored.receive(step / 4 + 0.25, 20, over=0.25)
    stored.pull(9 * DAY + 6, source="revisions")

    (one,) = stored.blindness(9 * DAY + 6)

    assert _told((one,)) == [("silence", "otlp", 9 * DAY, None)]
    assert one.sentence.startswith("the receiver gets nothing")


def test_a_source_that_falls_behind_says_since_when_and_whether_it_grows(stored: WatchedStore) -> None:
    _pulled(stored, 0, 12)
    for step in range(24):
        hour = 12.25 + step * 0.25
        stored.pull(hour, gave=1000, over=0.05, behind=(hour - 12) * 0.8)
        stored.cursor(hour, hour - (hour - 12) * 0.8)

    (one,) = stored.blindness(18.1)

    assert (one.kind, one.until_ns, one.is_news) == ("lag", None, True)
    assert 12.5 < (_hours(one.since_ns) or 0) < 14
    assert "4 h 54 min behind, and it grows" in one.sentence


def test_a_source_that_catches_up_wakes_nobody(stored: WatchedStore) -> None:
    for step in range(12):
        hour = 20 + step * 5 * MINUTE
        stored.pull(hour, gave=1000, over=0.5, behind=20 - step)
        stored.cursor(hour, hour - 20 + step)

    (one,) = stored.blindness(21)

    assert (one.kind, one.is_news) == ("lag", False)
    assert "catching up in about" in one.sentence


def test_a_source_that_was_taken_out_of_the_settings_is_neither_failing_nor_silent(stored: WatchedStore) -> None:
    for hour in range(200):
        stored.pull(hour + 1, gave=200, over=1.0)
        if hour < 190:
            stored.pull(hour + 1, source="old", gave=200, over=1.0, behind=0.0)
        elif hour < 193:
            stored.pull(hour + 1, source="older", outcome="failed: 503")

    assert stored.blindness(200.2) == ()


def _days_of_jobs(stored: WatchedStore, start: float, end: float) -> None:
    for step in range(round((end - start) * 12)):
        stored.job("watch", start + step / 12)


def test_a_daemon_that_was_down_says_from_when_to_when(stored: WatchedStore) -> None:
    _days_of_jobs(stored, 0, 8)
    assert _told(stored.blindness(11)) == [("stopped", "", 7.92, None)]

    _days_of_jobs(stored, 11, 13)

    (one,) = stored.blindness(13)
    assert _told((one,)) == [("stopped", "", 7.92, 11.0)]
    assert not one.hides


def test_a_daemon_that_restarts_at_once_was_not_down(stored: WatchedStore) -> None:
    _days_of_jobs(stored, 0, 8)
    _days_of_jobs(stored, 8.1, 10)

    assert stored.blindness(10) == ()


def test_a_daemon_that_is_down_is_one_matter_and_no_late_source_beside_it(stored: WatchedStore) -> None:
    _days_of_jobs(stored, 0, 8)
    _pulled(stored, 0, 8)

    assert [one.kind for one in stored.blindness(13)] == ["stopped"]


def test_a_job_that_fails_again_and_again_is_told_and_a_single_failure_is_not(stored: WatchedStore) -> None:
    _days_of_jobs(stored, 0, 8)
    stored.job("classify", 5)
    stored.job("classify", 6, outcome="failed", detail="the database was in use")
    assert stored.blindness(6.5) == ()

    stored.job("classify", 7, outcome="failed", detail="the database was in use")
    stored.job("classify", 7.5, outcome="failed", detail="the database was in use")

    (one,) = stored.blindness(8)
    assert _told((one,)) == [("job", "classify", 6.0, None)]
    assert "3 times in a row: the database was in use" in one.sentence


def test_looks_of_the_watch_become_spells_with_their_end(stored: WatchedStore) -> None:
    stored.look("receiver", "otlp", 2, "the receiver turned 412 requests away (429). Raise `receive.queue_mib`.")
    stored.look("receiver", "otlp", 2.5, "")
    stored.look("disk", "store", 3, "1.2 GiB are free, full in about 5 days. Free some space.")
    stored.look("clock", "machine", 3.5, "the clock jumped by 2 h. Set it by NTP.")

    receiver = next(one for one in stored.blindness(4) if one.kind == "receiver")
    assert _told((receiver,)) == [("receiver", "otlp", 2.0, 2.5)]
    open_ones = [one for one in stored.blindness(4) if one.until_ns is None]
    assert [(one.kind, one.todo) for one in open_ones] == [("disk", "Free some space"), ("clock", "Set it by NTP")]


def test_a_trouble_that_nobody_looks_at_any_more_is_over_when_it_was_seen_last(stored: WatchedStore) -> None:
    stored.look("receiver", "otlp", 2, "the receiver turned 412 requests away (429).")
    stored.pull(4, gave=5)

    assert _told(tuple(one for one in stored.blindness(4.5) if one.kind == "receiver")) == [
        ("receiver", "otlp", 2.0, 2.0)
    ]


def test_a_loss_in_the_store_is_told_until_it_is_mended(stored: WatchedStore) -> None:
    """Nobody looks at it again: it was told once, by whoever found it."""
    stored.look("store", "database", 1, "10 records that were stored are gone; see `logtriage doctor --store`")
    stored.pull(30, gave=5)
    later = stored.sight(31)
    stored.look("store", "database", 32, "")

    assert ("store", "database", 1.0, None) in _told(later.blindness)
    assert next(one for one in later.blindness if one.kind == "store").hides
    assert ("store", "database", 1.0, 32.0) in _told(stored.blindness(33))


def test_a_channel_that_cannot_be_opened_is_told_after_half_an_hour_until_the_next_digest_opens_it(
    stored: WatchedStore,
) -> None:
    """It is looked at with each digest, which may come once an hour or a day: between two of them it is not over."""
    stored.look("channel", "board", 1, "it has no token. Set the variable.")
    stored.pull(8, gave=5)
    early, later = _channels(stored.blindness(1.3)), _channels(stored.blindness(8.5))
    stored.look("channel", "board", 9, "")

    assert (early, later) == ([], [("channel", "board", 1.0, None)])
    assert _channels(stored.blindness(10)) == [("channel", "board", 1.0, 9.0)]


def _channels(spells: tuple[Blindness, ...]) -> list[tuple[str, str, float | None, float | None]]:
    return _told(tuple(one for one in spells if one.kind == "channel"))


def test_records_from_the_future_and_a_clock_set_back_are_told(stored: WatchedStore) -> None:
    stored.pull(2, gave=10, ahead=2.0)
    stored.pull(1, gave=10)

    told = {one.subject: one for one in stored.blindness(4)}

    assert "up to 2 h after they came" in told["logs"].sentence
    assert "set back by 1 h" in told["machine"].sentence


def test_records_that_arrive_after_they_are_stored_tell_of_a_slow_clock(stored: WatchedStore) -> None:
    stored.pull(2, gave=10, behind=-2.0)

    (one,) = (one for one in stored.blindness(3) if one.kind == "clock")

    assert "at least 2 h slow" in one.sentence


def test_a_share_of_dead_letters_that_jumps_is_told(stored: WatchedStore) -> None:
    for hour in range(30):
        stored.pull(hour + 1, gave=100, dead=1, over=1.0)
    stored.pull(40, gave=100, dead=400, over=1.0)
    stored.cursor(40, 40)

    (one,) = (one for one in stored.blindness(40.1) if one.kind == "dead")

    assert one.subject == "logs"
    assert "before" in one.sentence


def test_nothing_of_after_the_window_counts(stored: WatchedStore) -> None:
    _pulled(stored, 0, 6)
    for step in range(4):
        stored.pull(6.25 + step * 0.25, outcome="failed: 403")
    stored.look("permission", "logs", 6.25, _DENIED)

    assert stored.blindness(6.1) == ()


def test_a_refusing_channel_is_told_with_what_waits_and_when_it_was_over(stored: WatchedStore) -> None:
    stored.write("insert_digest_look", channel="chat", look_ns=_at(8))
    stored.write("insert_outbox", relation=_waiting("d1", 1.9))
    _deliveries(stored, [(2.0, "refused"), (3.0, "refused")])

    assert stored.blindness(2.2) == ()
    (one,) = stored.blindness(9.5)
    assert _told((one,)) == [("channel", "chat", 2.0, None)]
    assert "refuses what it is sent; 1 message waits (invalid_auth)" in one.sentence
    assert one.todo == "Give a new token"

    _deliveries(stored, [(9.6, "done")])

    (one,) = stored.blindness(10)
    assert _told((one,)) == [("channel", "chat", 2.0, 9.6)]


def _at(hour: float) -> int:
    return MONDAY_NS + round(hour * _HOUR_NS)


def _waiting(delivery_id: str, hour: float) -> pl.DataFrame:
    row = dict.fromkeys(OUTBOX_SCHEMA, "") | {"delivery_id": delivery_id, "channel": "chat", "made_at_ns": _at(hour)}
    return pl.DataFrame([row | {"seq": 0, "is_over": False}], schema=OUTBOX_SCHEMA)


def _deliveries(stored: WatchedStore, tries: list[tuple[float, str]]) -> None:
    rows = [
        dict.fromkeys(DELIVERY_SCHEMA, "")
        | {"delivery_id": "d1", "channel": "chat", "incident_id": "i1", "step": "open", "attempt": at}
        | {"outcome": outcome, "detail": "invalid_auth. Give a new token.", "at_ns": _at(hour)}
        for at, (hour, outcome) in enumerate(tries)
    ]
    stored.write("insert_deliveries", relation=pl.DataFrame(rows, schema=DELIVERY_SCHEMA))
