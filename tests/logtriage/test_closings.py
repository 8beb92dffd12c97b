"""Who closes a ticket says that it is mended: that is told back only where what was deployed since fails."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from classifiers.findings import Findings
from collector.config import StoreConfig
from collector.replacing import replace
from logtriage.closings import with_closings
from logtriage.config import Config
from logtriage.digesting import outbox_of
from logtriage.hearing import HEARD_SCHEMA
from logtriage.message import CLOSING
from logtriage.outbox import read_message
from tests.support.findings import END_NS, HOUR_NS, findings
from tests.support.telling_messages import make_store
from tests.support.tickets import incident_message, tracked

# shop-00009-new is deployed three hours before the end of the window, and fails one hour before it.
BEFORE_NS, AFTER_NS, LATE_NS = END_NS - 4 * HOUR_NS, END_NS - 2 * HOUR_NS, END_NS


def _found() -> Findings:
    return findings(tracked=(tracked(),))


def _said(said: str, at_ns: int, incident_id: str = "i-pay") -> dict[str, Any]:
    return {"channel": "github", "incident_id": incident_id, "remote_event_id": f"e{at_ns}", "said": said,
            "at_ns": at_ns}  # fmt: skip


def test_a_closing_before_a_deploy_that_fails_is_refuted() -> None:
    (message,) = with_closings([incident_message()], _found(), [_said("closed", BEFORE_NS)])

    (claim,) = message.claims
    assert (claim.name, claim.value) == (CLOSING, f"refuted github:e{BEFORE_NS}")
    assert (
        claim.news
        == "Closed 09-14 20:00 UTC, and it fails on 00009-new, deployed since: 3 (exposure not known) requests failed."
    )
    assert message.facts != incident_message().facts


@pytest.mark.parametrize(
    ("heard", "why"),
    [
        ([_said("closed", AFTER_NS)], "no revision was deployed since"),
        ([_said("closed", LATE_NS)], "nothing failed since"),
        ([_said("closed", BEFORE_NS), _said("reopened", BEFORE_NS + 1)], "it is open again"),
        ([_said("right", BEFORE_NS)], "nobody closed it"),
        ([_said("closed", BEFORE_NS, "i-other")], "another was closed"),
        ([], "nobody said anything"),
    ],
)
def test_otherwise_nothing_is_said(heard: list[dict[str, Any]], why: str) -> None:
    message = incident_message()

    assert with_closings([message], _found(), heard) == (message,), why


def test_what_is_over_or_no_cluster_is_left_alone() -> None:
    over, notice = incident_message(is_over=True), incident_message(incident_id="")
    heard = [_said("closed", BEFORE_NS)]

    assert with_closings([over, notice], _found(), heard) == (over, notice)
    late = findings(tracked=(tracked(root="l-find"),))
    assert with_closings([incident_message()], late, heard) == (incident_message(),)


def test_a_look_stores_it_for_the_channel_once(tmp_path: Path) -> None:
    store = make_store(tmp_path, is_made=True)
    config = Config(store=StoreConfig(path=store.path))
    row = ("github", "i-pay", "1", "e1", "closed", BEFORE_NS + 1, BEFORE_NS + 2)

    added = []
    for now_ns in (BEFORE_NS, END_NS, END_NS + HOUR_NS):
        found = replace(_found(), now_ns=now_ns, vanished_keys=())
        with store.write() as writer:
            added.append(outbox_of(config, found, ("github",))(writer))
            if now_ns == BEFORE_NS:
                heard = pl.DataFrame([row], schema=HEARD_SCHEMA, orient="row")
                writer.execute("insert_heard", relation=heard)
    with store.read() as reader:
        told = [read_message(text) for text in reader.frame("find_pending", channel="github")["message"]]

    assert added[:2] == [1, 1]
    assert [message.act for message in told[:2]] == ["open", "change"]
    assert told[1].is_back
    assert told[1].news.startswith("Closed 09-14 20:00 UTC, and it fails on 00009-new, deployed since: 3 ")
    assert not any("Closed" in message.news for message in told[2:])
