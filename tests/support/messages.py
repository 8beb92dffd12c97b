"""Messages for tests of channels: one incident over its life, and one in which every text is hostile."""

from typing import Any

from collector.replacing import replace
from logtriage.lines import Line
from logtriage.message import Link, Message

__all__ = ["MADE_NS", "back", "change", "edit", "hostile", "notice", "over", "told"]

MADE_NS = 1_789_430_400 * 1_000_000_000  # 2026-09-15T00:00:00Z


def told(**changes: Any) -> Message:
    """The first word on an incident."""
    return replace(
        Message(
            key="inc-1:new", sign="🟠", headline="P1 new · shop · payment refused (403) since 20:00 UTC",
            lines=(
                Line("CHANGE", "00008-bad 20:00   - PAYMENT_KEY   ~ image"),
                Line("BAD", "00008-bad: 94/96 requests failed"),
                Line("DO", "restore the key: logtriage show 1", "logtriage show 1"),
            ),
            command="gcloud run services update shop --update-secrets=PAYMENT_KEY=payment-key:7",
            footer="acme-test · 09-14 00:00 to 24:00 UTC · 1,000 entries",
            act="open", incident_id="inc-1", facts="f1", state="new", priority="P1", project="acme-test",
            service="shop",
            title="GCP-new | P1 | shop: payment refused (403)",
            body="## What\n\n- **CHANGE** `00008-bad` dropped PAYMENT\\_KEY\n\n```sh\nlogtriage show 1\n```\n",
            finding_id="c-pay", links=(Link("Report", "https://console.example/report"),), made_at_ns=MADE_NS,
        ),
        **changes,
    )  # fmt: skip


def change(**changes: Any) -> Message:
    """The incident goes on, and another revision is blamed."""
    words = {"act": "change", "facts": "f2", "state": "ongoing", "news": "00009-xyz fails too: 12/12 requests.",
             "title": "GCP-ongoing | P1 | shop: payment refused (403)", "key": "inc-1:ongoing"}  # fmt: skip
    return told(**{**words, **changes})


def edit(**changes: Any) -> Message:
    """Only figures changed."""
    words = {"act": "edit", "facts": "f2", "state": "ongoing", "key": "inc-1:ongoing", "news": "",
             "title": "GCP-ongoing | P1 | shop: payment refused (403)",
             "body": "## What\n\n- 120 of 122 requests failed\n"}  # fmt: skip
    return told(**{**words, **changes})


def over(**changes: Any) -> Message:
    """Resolved."""
    words = {"act": "change", "facts": "f3", "state": "resolved", "is_over": True, "key": "inc-1:resolved",
             "news": "Resolved: 40 requests without a failure since 00010-fix.", "sign": "🟢",
             "title": "GCP-resolved | P1 | shop: payment refused (403)"}  # fmt: skip
    return told(**{**words, **changes})


def back(**changes: Any) -> Message:
    """Regressed after it was resolved."""
    words = {"act": "change", "facts": "f4", "state": "regressed", "key": "inc-1:regressed",
             "news": "Back on 00011-new: 9/9 requests fail.",
             "is_back": True, "title": "GCP-regression | P1 | shop: payment refused (403)"}  # fmt: skip
    return told(**{**words, **changes})


def notice(**changes: Any) -> Message:
    """Said once, of no incident."""
    words = {"act": "notice", "incident_id": "", "finding_id": "", "key": "vanished:shop:00012",
             "headline": "shop 00012 drops SERVICE_SECRET. No error yet.", "title": ""}  # fmt: skip
    return told(**{**words, **changes})


def hostile(text: str, **changes: Any) -> Message:
    """Every text of it comes out of logs; its body is what a template made of it would be without care."""
    words = dict.fromkeys(("headline", "command", "footer", "title", "news", "project", "service", "body"), text)
    return told(**{**words, "lines": (Line("BAD", text), Line("", text)), "links": (Link(text, text),), **changes})
