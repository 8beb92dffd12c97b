"""Where in the code to look."""

from logtriage.code_look import code_commands
from logtriage.lookup import Lookup
from tests.support.findings import ONSET_NS, attribution, cluster, findings, revision

_PYTHON = """Traceback (most recent call last):
  File "/app/shop/api.py", line 12, in order
    pay(cart)
  File "/app/shop/pay.py", line 40, in pay
    raise ValueError("no price")
ValueError: no price"""
_NODE = """TypeError: Cannot read properties of undefined (reading 'publish')
    at emit (/srv/app/src/events/bus.ts:31:9)
    at handle (/srv/app/src/server.ts:10:3)
    at run (/srv/app/node_modules/express/lib/router.js:5:1)"""


def _look(sample: str, before: str, after: str) -> list[tuple[str, str]]:
    known = (
        revision("shop-00007-abc", ONSET_NS - 10**12, commit=before),
        revision("shop-00008-bad", ONSET_NS, commit=after),
    )
    told = code_commands(cluster(sample=sample), attribution(), Lookup(findings(revisions=known)))
    return [(one.why, one.line) for one in told]


def test_both_commits_known_the_file_is_compared() -> None:
    ((why, line),) = _look(_PYTHON, "a" * 40, "b" * 40)

    assert why.endswith("shop.pay:pay, shop/pay.py line 40")
    assert line == f"git diff {'a' * 12}..{'b' * 12} -- ':(glob)**/shop/pay.py'"


def test_without_commits_its_last_changes_are_read() -> None:
    ((why, line),) = _look(_NODE, "", "")

    assert "events/bus.ts line 31" in why
    assert line == "git log -p -3 -- ':(glob)**/events/bus.ts'"


def test_what_is_no_commit_never_reaches_a_command() -> None:
    ((_, line),) = _look(_PYTHON, "$(id)", "--output=x")

    assert line == "git log -p -3 -- ':(glob)**/shop/pay.py'"


def test_a_message_without_frames_names_no_file() -> None:
    assert _look("payment refused, see pay.py:12", "a" * 40, "b" * 40) == []
