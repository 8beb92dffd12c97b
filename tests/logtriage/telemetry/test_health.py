"""Whether the daemon does its work, by a clock that a test turns."""

from dataclasses import dataclass
from typing import Literal

from logtriage.jobs import JobRun
from logtriage.telemetry.health import GRACE_S, Health

_HOUR_S = 3600.0


@dataclass
class _Clock:
    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


def _run(outcome: Literal["done", "failed", "stopped"], detail: str = "") -> JobRun:
    return JobRun("collect", 0, 1_000_000_000, outcome, detail)


def _health() -> tuple[Health, _Clock]:
    clock = _Clock()
    return Health({"collect": _HOUR_S, "classify": _HOUR_S}, monotonic_s=clock), clock


def test_a_young_daemon_is_healthy_before_its_first_run() -> None:
    health, clock = _health()
    clock.now_s += _HOUR_S

    assert health.healthy()[0]
    assert health.alive()[0]


def test_three_slots_without_a_success_are_told_with_what_failed() -> None:
    health, clock = _health()
    health.ended(JobRun("classify", 0, 1, "done", ""))
    health.ended(_run("done"))
    for _ in range(4):
        clock.now_s += _HOUR_S
        health.began("collect", 0)
        health.ended(_run("failed", "logs: permission denied"))
        health.ended(JobRun("classify", 0, 1, "done", ""))

    is_well, told = health.healthy()

    assert not is_well
    assert told["why"] == ["collect did not succeed for 4.0 h"]
    assert told["jobs"]["collect"]["detail"] == "logs: permission denied"
    assert told["jobs"]["collect"]["last_success"] == "1970-01-01T00:00:01Z"
    assert health.alive()[0]  # it works, and fails: a new start would not help


def test_one_failure_is_no_news_and_a_success_ends_it() -> None:
    health, clock = _health()
    clock.now_s += 2 * _HOUR_S
    health.ended(_run("failed"))
    assert health.healthy()[0]

    clock.now_s += 4 * _HOUR_S
    health.ended(_run("done"))
    health.ended(JobRun("classify", 0, 1, "done", ""))

    assert health.healthy()[0]


def test_a_run_that_stands_still_is_not_alive() -> None:
    health, clock = _health()
    health.began("collect", 0)
    clock.now_s += 3 * _HOUR_S + GRACE_S + 1

    is_alive, told = health.alive()

    assert not is_alive
    assert told["why"] == "collect has been running for 3.1 h"
    assert not health.healthy()[0]
    assert health.healthy()[1]["running"]["job"] == "collect"


def test_a_schedule_that_begins_nothing_is_not_alive() -> None:
    health, clock = _health()
    clock.now_s += 3 * _HOUR_S + GRACE_S + 1

    assert health.alive() == (False, {"status": "failing", "why": "no job has begun for 3.1 h"})


def test_a_daemon_that_starts_anew_knows_when_it_last_succeeded_and_has_little_time() -> None:
    clock = _Clock()
    before = {"collect": 5_000_000_000, "classify": round(5 * _HOUR_S) * 10**9, "report": 1}
    health = Health(
        {"collect": _HOUR_S, "classify": _HOUR_S}, succeeded_ns=before, monotonic_s=clock,
        wall_ns=lambda: round(6 * _HOUR_S) * 10**9,
    )  # fmt: skip

    is_well, told = health.healthy()
    assert is_well
    assert told["jobs"]["collect"]["last_success"] == "1970-01-01T00:00:05Z"
    assert told["jobs"]["classify"]["age_s"] == _HOUR_S
    clock.now_s += GRACE_S + 1
    is_well, told = health.healthy()

    assert not is_well
    assert [one.partition(" ")[0] for one in told["why"]] == ["collect"]


def test_a_success_that_lies_ahead_of_the_clock_makes_nothing_younger() -> None:
    clock = _Clock()
    health = Health({"collect": _HOUR_S}, succeeded_ns={"collect": 10**18}, monotonic_s=clock, wall_ns=lambda: 0)

    assert health.healthy()[1]["jobs"]["collect"]["age_s"] == 0
