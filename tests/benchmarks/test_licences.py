"""The list of licences is that of the lock; an audit that could not look says so."""

import re
from pathlib import Path

import pytest

from benchmarks.audit import judge
from benchmarks.licences import licences

ROOT = Path(__file__).parents[2]


def test_the_page_tells_each_package_and_each_is_locked() -> None:
    told = dict(re.findall(r"^\| ([a-z0-9-]+) \| (.*?) \|", (ROOT / "docs/licences.md").read_text(), re.MULTILINE))
    told.pop("package", None)
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))

    assert told == licences()
    assert set(told) <= locked


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ('{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}', 0),
        ('{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X-1"}]}]}', 1),
        ('{"dependencies": [{"name": "a", "skip_reason": "no answer"}]}', 2),
        ("", 2),
        ("[]", 2),
    ],
)
def test_no_answer_is_not_no_vulnerability(answer: str, code: int) -> None:
    assert judge(answer)[0] == code


def test_where_nothing_was_looked_up_it_says_why() -> None:
    assert "out of reach" in judge('{"dependencies": [{"name": "a", "skip_reason": "no answer"}]}')[1]
