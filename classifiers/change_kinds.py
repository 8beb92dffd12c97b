"""Kinds of changes: how likely each change of one deploy is to have done it, before anything was counted.

Of failures all are alike: their words tell. Slowness has no words, but a nature: less processor or memory, more
requests at once in an instance and fewer instances make slow, as variables do that size pools, queues or caches; of a
variable whose name speaks of none of that hardly anything is known.
"""

import re
from collections.abc import Sequence

from classifiers.findings import Change

__all__ = ["change_shares"]

# How many times as likely it is to slow a service down as a variable whose name says nothing.
_LIMITS = {"cpu_limit": 12.0, "memory_limit": 6.0, "concurrency": 8.0, "max_instances": 6.0, "image": 3.0}
_AROUND = {"vpc": 2.0, "cloud_sql": 3.0, "min_instances": 2.0}
_TOLD = 8.0  # of a variable whose name tells of a size, a limit or a wait
_HARMLESS = 0.3  # of a limit that was moved the way that makes quicker
_SIZES = frozenset(
    {
        "pool", "pools", "pooling", "timeout", "timeouts", "worker", "workers", "thread", "threads", "process",
        "processes", "cache", "caching", "ttl", "batch", "chunk", "page", "size", "limit", "limits", "max", "min",
        "concurrency", "parallel", "parallelism", "connections", "conns", "queue", "backlog", "buffer", "prefetch",
        "retry", "retries", "backoff", "delay", "sleep", "interval", "throttle", "rate", "quota", "memory", "heap",
        "cpu", "gc", "debug", "trace", "sampling", "sync", "fsync", "compression",
    }
)  # fmt: skip
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)\Z")
_UNITS = {"m": 1e-3, "": 1.0, "k": 1e3, "ki": 2.0**10, "mi": 2.0**20, "gi": 2.0**30, "mb": 1e6, "gb": 1e9, "g": 1e9}
_LESS_IS_SLOWER = frozenset({"cpu_limit", "memory_limit", "max_instances"})


def change_shares(kind: str, changes: Sequence[Change]) -> tuple[float, ...]:
    """The share of each of a deploy's changes, together 1. kind: of the case; all are alike where it is not `slow`."""
    if kind != "slow":
        return (1.0 / len(changes),) * len(changes) if changes else ()
    weights = [_of_slowness(one) for one in changes]
    return tuple(one / sum(weights) for one in weights)


def _of_slowness(change: Change) -> float:
    if change.type in _LIMITS:
        before, after = _number(change.before), _number(change.after)
        if change.type == "image" or before is None or after is None:
            return _LIMITS[change.type]
        is_slower = after < before if change.type in _LESS_IS_SLOWER else after > before
        return _LIMITS[change.type] if is_slower else _HARMLESS
    if change.type in _AROUND:
        return _AROUND[change.type]
    words = {one.lower() for one in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", change.name)}
    return _TOLD if words & _SIZES else 1.0


def _number(told: str | None) -> float | None:
    """A quantity as the platform writes it: 250m, 2, 512Mi; None where it is no number."""
    found = _NUMBER.match((told or "").strip())
    if not found or found[2].lower() not in _UNITS:
        return None
    return float(found[1]) * _UNITS[found[2].lower()]
