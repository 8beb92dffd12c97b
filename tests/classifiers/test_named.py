import pytest

from classifiers.findings import Change
from classifiers.named import Namings, naming, read_text, told_words
from tests.support.cases import case, grid

CASE = case(grid(new=10.0), [(1.0, "new"), (2.0, "new")])


def ratio(change: Change, text: str, *others: str, services: tuple[str, ...] = ()) -> float:
    return naming(change, CASE, read_text(text), Namings([text, *others], services))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("KeyError: 'PAYMENT_TOKEN'", True),
        ("PAYMENT_TOKENS were read", False),
        ("a token of the payment is bad", False),
        ("nothing to see", False),
    ],
)
def test_a_key_is_named_whole_or_by_all_its_telling_words(text: str, named: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert (ratio(Change("env_removed", "PAYMENT_TOKEN"), text) > 1) is named


def test_several_telling_words_name_a_key_too_but_less_than_its_whole_name() -> None:
    changed = Change("env_changed", "LEDGER_REPLICA_HOST")

    words = ratio(changed, "the replica of the ledger is gone")

    assert 1 < words < ratio(changed, "LEDGER_REPLICA_HOST is not set")


def test_a_name_that_other_failures_tell_too_proves_little() -> None:
    changed, text = Change("env_changed", "LEDGER_URL"), "cannot reach LEDGER_URL"

    assert ratio(changed, text, *["LEDGER_URL is read"] * 9) < 2 < ratio(changed, text, *["disk is full"] * 9)


def test_a_variable_is_named_by_its_secret_and_by_the_service_that_it_points_to() -> None:
    of_secret = Change("secret_ref_changed", "K", "secret ledger-db-pass:3", "secret ledger-db-pass:4")
    of_service = Change("env_changed", "LEDGER_URL", "literal #aaaaaa", "literal #bbbbbb")

    assert ratio(of_secret, "no access to ledger-db-pass") > 1
    assert ratio(of_service, "no answer from ledger-api", services=("ledger-api", "shop")) > 1
    assert ratio(of_service, "no answer from shop", services=("ledger-api", "shop")) == 1


def test_a_limit_is_named_by_the_failure_that_comes_of_meeting_it() -> None:
    limit = Change("memory_limit", "memory", "1Gi", "256Mi")

    assert ratio(limit, "Memory limit of 256 MiB exceeded") > 1
    assert ratio(limit, "no such table") == 1


def test_one_telling_word_is_enough_to_choose_by_but_not_to_weigh() -> None:
    address, level = Change("env_changed", "PARTNER_API_URL"), Change("env_changed", "LOG_LEVEL")
    text = "partner call to https://rates.example/v1 failed"

    assert (told_words(address, text), told_words(level, text)) == (1, 0)
    assert ratio(address, text) == 1
