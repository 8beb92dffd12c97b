"""Mutes as plain JSON values."""

from typing import Any

from classifiers.followed import Mute
from collector.window import format_ns

__all__ = ["mute_fields"]

_DIGITS = 9


def mute_fields(mute: Mute, end_ns: int) -> dict[str, Any]:
    """One mute. `state` is as of the end of the window: holds, woken or ended."""
    state = "ended" if mute.until_ns <= end_ns else "woken" if mute.woken_by else "holds"
    return {
        "id": mute.mute_id,
        "state": state,
        "project": mute.project,
        "service": mute.service,
        "title": mute.title,
        "signature_ids": list(mute.signature_ids),
        "made_at": format_ns(mute.made_at_ns, digits=_DIGITS),
        "until": format_ns(mute.until_ns, digits=_DIGITS),
        "reason": mute.reason,
        "finding_ids": list(mute.finding_ids),
        "failures": mute.failures,
        "last_failure": None if mute.last_failure_ns is None else format_ns(mute.last_failure_ns, digits=_DIGITS),
        "woken_by": mute.woken_by or None,
        "news": mute.news or None,
    }
