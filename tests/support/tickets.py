"""Tracked incidents and messages about them, for tests of tickets; no store, no clock."""

from typing import Any

from classifiers.followed import Criterion, IncidentState, MemberState, Tracked, Verification
from collector.replacing import replace
from logtriage.lines import Line
from logtriage.message import Message
from tests.support.findings import END_NS, HOUR_NS, ONSET_NS

__all__ = ["incident_message", "state_row", "tracked", "verification"]


def verification(**changes: Any) -> Verification:
    """12 of 30 service calls since the fix, none failed: not yet."""
    criterion = Criterion(
        id="k-1", kind="no failures", statement="30 service calls pass without 403", query="count_attempts",
        test="rule of three", project="acme-test", service="shop", finding_id="c-pay", signature_ids=("s1",),
    )  # fmt: skip
    return replace(
        Verification(
            criterion, "NOT YET", END_NS - HOUR_NS, "00009-new took traffic", attempts=12, failures=0, needed=30,
            why="18 more needed, about 40 min at today's traffic", stragglers=3,
        ),
        **changes,
    )  # fmt: skip


def state_row(**changes: Any) -> IncidentState:
    """The refused payments, when they were first told."""
    return replace(
        IncidentState(
            incident_id="i-pay", finding_id="", state="new", sure=None, statement="first seen on 00008-bad",
            at_ns=ONSET_NS, look_ns=ONSET_NS + HOUR_NS, revision="", project="acme-test", service="shop",
            title="payment refused (403)", priority="P0", root="c-pay", member_ids=("c-pay", "c-slow"),
            signature_ids=("s1", "s2", "s3"), onset_ns=ONSET_NS, last_failure_ns=END_NS - HOUR_NS, stragglers=0,
            rules=1,
        ),
        **changes,
    )  # fmt: skip


def tracked(**changes: Any) -> Tracked:
    """The refused payments of `findings()`, with a symptom, as they go on."""
    return replace(
        Tracked(
            id="i-pay", number=1, state="ongoing", sure=None, statement="94 of 96 requests fail on 00008-bad",
            since_ns=ONSET_NS, project="acme-test", service="shop", title="payment refused (403)", root="c-pay",
            priority="P0", onset_ns=ONSET_NS, last_failure_ns=END_NS - HOUR_NS,
            members=(
                MemberState("c-pay", "shop", "payment refused (403)", "ongoing", None, "94 of 96 fail", ONSET_NS),
                MemberState("c-slow", "desk", "order took too long", "resolved", 0.9, "40 orders pass", END_NS),
            ),
            verifications=(verification(),),
            history=(state_row(), state_row(state="ongoing", at_ns=ONSET_NS + HOUR_NS, statement="it goes on")),
        ),
        **changes,
    )  # fmt: skip


def incident_message(**changes: Any) -> Message:
    """The first message on the refused payments, with a ticket's texts."""
    return replace(
        Message(
            key="i-pay:new", sign="🔴", headline="P0 new · shop · payment refused (403) since 20:00 UTC",
            lines=(Line("BAD", "00008-bad: 94/96 requests failed"),), command="logtriage show 1", footer="acme-test",
            act="open", incident_id="i-pay", facts="f1", state="new", priority="P0", project="acme-test",
            service="shop", title="GCP-new | P0 | shop: payment refused (403)", body="**P0 new**\n\n94 of 96 fail.\n",
            labels=("P0", "fault: configuration"), finding_id="c-pay", made_at_ns=END_NS,
        ),
        **changes,
    )  # fmt: skip
