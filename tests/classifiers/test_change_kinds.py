import pytest

from classifiers.change_kinds import change_shares
from classifiers.findings import Change

_PLAIN = Change("env_changed", "BANNER")


@pytest.mark.parametrize(
    "change",
    [
        Change("cpu_limit", "cpu", "2", "250m"),
        Change("memory_limit", "memory", "1Gi", "512Mi"),
        Change("concurrency", "concurrency", "10", "80"),
        Change("max_instances", "max_instances", "20", "2"),
        Change("image", "image", "sha256:a", "sha256:b"),
        Change("env_changed", "DB_POOL_SIZE"),
        Change("env_changed", "requestTimeoutMs"),
    ],
)
def test_what_makes_slow_by_its_kind_comes_before_a_variable_that_says_nothing(change: Change) -> None:
    plain, telling = change_shares("slow", [_PLAIN, change])

    assert telling > 0.7
    assert plain + telling == pytest.approx(1)


def test_a_limit_that_was_raised_makes_nothing_slow() -> None:
    plain, raised = change_shares("slow", [_PLAIN, Change("cpu_limit", "cpu", "250m", "2")])

    assert raised < plain


def test_changes_are_alike_where_something_fails() -> None:
    assert change_shares("exception", [_PLAIN, Change("cpu_limit", "cpu", "2", "250m")]) == (0.5, 0.5)


def test_a_deploy_without_changes_has_no_shares() -> None:
    assert change_shares("slow", []) == change_shares("exception", []) == ()
