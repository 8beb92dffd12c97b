"""One call tried again as long as that is honest."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions

from collector.errors import SourceError, SourceUnavailable
from collector.sources.patience import CallLimits, call_patiently, one_line
from collector.sources.quota import ReadQuota
from tests.support.source_settings import SteppedClock, make_settings

LIMITS = CallLimits(deadline_s=10, patience_s=100)


def failing(*errors: Exception) -> Callable[[float], str]:
    left = list(errors)

    def attempt(timeout_s: float) -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return attempt


def call(attempt: Callable[[float], Any], clock: SteppedClock, *, limits: CallLimits = LIMITS, **more: Any) -> Any:
    return call_patiently(attempt, who="The API", limits=limits, settings=make_settings(clock), **more)


def test_waits_double_up_to_the_longest() -> None:
    clock = SteppedClock()

    answer = call(failing(*[exceptions.ServiceUnavailable("x")] * 8), clock, limits=CallLimits(10, 1000))

    assert answer == "answer"
    assert clock.slept == [0.75, 1.5, 3.0, 6.0, 12.0, 24.0, 24.0, 24.0]


def test_the_last_attempts_get_no_more_time_than_patience_has_left() -> None:
    clock = SteppedClock()
    given: list[float] = []

    def attempt(timeout_s: float) -> None:
        given.append(timeout_s)
        clock.sleep(timeout_s)
        raise exceptions.DeadlineExceeded("slow")

    with pytest.raises(SourceUnavailable, match="504 slow"):
        call(attempt, clock, limits=CallLimits(deadline_s=40, patience_s=100))
    assert given[0] == 40
    assert given[-1] < 40
    assert clock.monotonic_s() <= 100


def test_a_failure_that_does_not_pass_goes_through_at_once() -> None:
    clock = SteppedClock()

    with pytest.raises(exceptions.NotFound):
        call(failing(exceptions.NotFound("x")), clock)
    assert clock.slept == []


def test_after_429_all_who_share_the_quota_wait() -> None:
    clock = SteppedClock()
    quota = ReadQuota(60, clock=clock.monotonic_s, sleep=lambda _seconds: None)

    call(failing(exceptions.TooManyRequests("x")), clock, quota=quota)

    assert clock.slept == [0.75]
    assert quota.used() == 2


def test_waiting_for_the_quota_costs_no_patience() -> None:
    clock = SteppedClock()
    quota = ReadQuota(1, clock=clock.monotonic_s, sleep=clock.sleep)
    quota.acquire()

    assert call(failing(exceptions.ServiceUnavailable("x")), clock, limits=CallLimits(10, 5), quota=quota) == "answer"
    assert clock.monotonic_s() >= 120


@pytest.mark.parametrize(
    "said",
    [
        "Getting metadata from plugin failed with error: ('invalid_grant: Token has been expired or revoked.', {})",
        "Getting metadata from plugin failed with error: Reauthentication is needed. Please run `gcloud auth ...`",
    ],
)
def test_a_login_that_has_run_out_is_not_tried_again(said: str) -> None:
    clock = SteppedClock()

    with pytest.raises(SourceError, match="gcloud auth application-default login") as caught:
        call(failing(exceptions.ServiceUnavailable(said)), clock)
    assert not caught.value.is_retryable
    assert clock.slept == []


@pytest.mark.parametrize("value", ["soon", "-3", "inf", "nan"])
def test_a_senseless_retry_after_is_not_followed(value: str) -> None:
    class Call:
        def trailing_metadata(self) -> tuple[tuple[str, str], ...]:
            return (("retry-after", value),)

    clock = SteppedClock()

    call(failing(exceptions.ServiceUnavailable("x", response=Call())), clock)

    assert clock.slept == [0.75]


def test_push_back_in_milliseconds_is_followed() -> None:
    class Call:
        def trailing_metadata(self) -> tuple[tuple[str, str], ...]:
            return (("grpc-retry-pushback-ms", "2500"),)

    clock = SteppedClock()

    call(failing(exceptions.ServiceUnavailable("x", response=Call())), clock)

    assert 2.5 <= clock.slept[0] <= 2.75


def test_a_long_message_of_many_lines_becomes_one_bearable_line() -> None:
    said = one_line("a\n  `b`\t" + "x" * 1000)

    assert re.fullmatch(r"a 'b' x+\.\.\.", said)
    assert len(said) == 300


def test_people_are_not_named_and_service_accounts_are() -> None:
    said = one_line("ada.l@corp.example.test and bot@demo-stage.iam.gserviceaccount.com may not")

    assert said == "<email> and bot@demo-stage.iam.gserviceaccount.com may not"
