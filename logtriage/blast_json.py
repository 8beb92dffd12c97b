"""How far a finding or an incident reaches, as JSON (see export.py)."""

from typing import Any

from classifiers.findings import Blast
from collector.window import NS_PER_S

__all__ = ["blast_json"]

_DIGITS = 3


def blast_json(blast: Blast | None) -> dict[str, Any] | None:
    """Shares, counts, services and what decided the rank; None where nothing was measured."""
    if blast is None:
        return None
    return {
        "share": blast.share,
        "failed": blast.failed,
        "exposed": blast.exposed,
        "routes": list(blast.routes),
        "routes_share": blast.routes_share,
        "users": blast.users,
        "services": list(blast.services),
        "lasted_s": round(blast.lasted_ns / NS_PER_S, _DIGITS),
        "weight": blast.weight,
        "reason": blast.reason,
    }
