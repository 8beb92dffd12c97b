"""Claims about a small system are confirmed, contradicted, or left open, each with its rows."""

from pathlib import Path

import pytest

from classifiers.claims.records import Answer
from collector.config import StoreConfig
from logtriage.checking import CheckResult, check
from logtriage.config import Config
from logtriage.errors import ConfigError
from tests.support.system import HOUR, MINUTE, NS_PER_S, START_NS, System

GOOD, BAD = "shop-00007-abc", "shop-00008-bad"
TRUE = (
    "94 requests failed with `PaymentError`.",
    "We saw 94 `PaymentError`s.",
    "about 90 lines with `PaymentError`",
    "50+ requests were answered with a 500.",
    "94 of 120 requests failed on 00008-bad with a 500.",
    "78 % of the requests to shop-00008-bad failed.",
    "0/118 requests failed on 00007-abc.",
    "`PaymentError` was introduced in 00008-bad.",
    "Last good revision: 00007-abc.",
    "The regression came in between 00007-abc and 00008-bad: `PaymentError`.",
    "SERVICE_KEY was lost in 00008-bad.",
    "The first `PaymentError` was at 12:01 UTC.",
    "The first `PaymentError` was at 05:01 PDT.",
    "00008-bad was deployed at 12:00 UTC.",
    "No `PaymentError` before 12:00 UTC.",
    "No `PaymentError` on 00007-abc.",
    "No 5xx on auth.",
    "Health checks returned 200.",
    "118 requests went to 00007-abc.",
)
FALSE = (
    "300 requests failed with `PaymentError`.",
    "only 12 `PaymentError`s",
    "over 500 requests were answered with a 500.",
    "17 requests were answered with a 504.",
    "20 % of the requests to shop-00008-bad failed.",
    "0/120 requests failed on 00008-bad.",
    "`PaymentError` was introduced in 00007-abc.",
    "00008-bad is the last good revision.",
    "SERVICE_KEY was lost in 00007-abc.",
    "MODE was removed in 00008-bad.",
    "The image changed in 00008-bad.",
    "The first `PaymentError` was at 10:20 UTC.",
    "No `PaymentError` after 12:30 UTC.",
    "Nothing was logged by auth.",
    "`PaymentError` is on all revisions of shop.",
    "00008-bad was deployed at 10:40 UTC.",
)
OPEN = (  # with what is missing
    ("It broke in 00999-zzz.", "there is no revision 00999-zzz"),
    ("40 `ThisNeverHappenedError`s", "nothing stored is named so"),
    ("12 `PaymentError`s in the first 10 minutes.", "what part of it is meant"),
    ("7 users were hit by `PaymentError`.", "no entry of it names an account"),
    ("The first `PaymentError` was at 05:01.", "local time of UTC-7"),
    ("Nothing was logged between 02:00 and 03:00 UTC.", "nothing at all is stored of that time"),
)
IN_ANOTHER_UNIT = "94 log lines were answered with a 500."
SECRETS = "94 `PaymentError`s with password=hunter2secret for jane@corp.example"


def _system() -> System:
    """A shop that fails from 12:01 on: 94 of 120 requests of the second revision, that lost SERVICE_KEY."""
    system = System()
    system.deploy(0, "shop", GOOD, image="a", env={"MODE": "on", "SERVICE_KEY": "x"})
    system.deploy(2 * HOUR, "shop", BAD, image="a", env={"MODE": "on"})
    system.deploy(0, "auth", "auth-00003-one", image="c", env={})
    for step in range(118):
        system.request(60 + step * 60, "shop", GOOD, path="/orders")
    for step in range(120):
        at_s = 2 * HOUR + MINUTE + step * 60
        if step % 5 != 4 and step not in {50, 60}:
            system.failure(at_s, "shop", BAD, "PaymentError: not authenticated as service:shop", path="/orders")
        else:
            system.request(at_s, "shop", BAD, path="/orders")
    for step in range(60):
        system.request(step * 120, "auth", "auth-00003-one", path="/healthz")
    return system


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The configuration of a store that holds the system."""
    store = _system().stored(tmp_path_factory.mktemp("claims"))
    return Config(store=StoreConfig(path=store.path))


@pytest.fixture(scope="module")
def checked(config: Config) -> CheckResult:
    """Every sentence of this module, checked as one text: an item each."""
    text = "\n".join(f"- {one}" for one in (*TRUE, *FALSE, *(one for one, _ in OPEN), IN_ANOTHER_UNIT, SECRETS))
    return check(config, text, name="a.md", since_ns=START_NS, until_ns=START_NS + (4 * HOUR + MINUTE) * NS_PER_S)


def _answer(checked: CheckResult, text: str) -> Answer:
    """The answer to the only claim of a sentence."""
    (answer,) = [one.answer for one in checked.checked if one.claim.quote == text]
    return answer


@pytest.mark.parametrize("text", TRUE)
def test_a_true_claim_is_confirmed(checked: CheckResult, text: str) -> None:
    answer = _answer(checked, text)

    assert answer.mark == "confirmed", answer.measured
    assert answer.query


@pytest.mark.parametrize("text", FALSE)
def test_a_false_claim_is_contradicted_with_its_rows(checked: CheckResult, text: str) -> None:
    answer = _answer(checked, text)

    assert answer.mark == "contradicted", answer.measured
    assert answer.entry_ids or answer.revisions or answer.measured.startswith("0 ")


@pytest.mark.parametrize(("text", "missing"), OPEN)
def test_what_the_rows_do_not_tell_is_left_open_with_what_is_missing(
    checked: CheckResult, text: str, missing: str
) -> None:
    answer = _answer(checked, text)

    assert answer.mark == "cannot tell", answer.measured
    assert missing in answer.measured


def test_a_number_that_fits_in_another_unit_is_confirmed_in_that(checked: CheckResult) -> None:
    answer = _answer(checked, IN_ANOTHER_UNIT)

    assert answer.mark == "confirmed"
    assert "requests answered 500" in answer.measured


def test_secrets_of_the_text_are_not_told(checked: CheckResult) -> None:
    told = str(checked.checked)

    assert "<email:" in told
    assert "hunter2secret" not in told
    assert "jane@" not in told


def test_the_window_of_the_text_is_taken_without_options(config: Config) -> None:
    text = "Window: 2026-09-14 12:00 - 2026-09-14 12:31 UTC\n\n25 `PaymentError`s."

    result = check(config, text, name="a.md", since_ns=None, until_ns=None)

    assert result.window_from == "the text"
    assert result.findings.window.start_ns == START_NS + 2 * HOUR * NS_PER_S
    assert [one.answer.mark for one in result.checked] == ["confirmed"]


def test_a_store_without_rows_is_one_sentence(tmp_path: Path) -> None:
    config = Config(store=StoreConfig(path=System().stored(tmp_path).path))

    with pytest.raises(ConfigError, match="There is nothing in"):
        check(config, "94 errors", name="a.md", since_ns=None, until_ns=None)
