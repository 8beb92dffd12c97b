"""Which transition of Jira closes an issue, or opens it again: by a name, else by where it leads. No I/O.

Each project has transitions of its own, so they are found at run time.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from logtriage.errors import NotifyError
from logtriage.escape import plain

__all__ = ["find_transition"]

_FIXED = ("done", "fixed", "resolved", "erledigt")  # names of a resolution, best first, where one is asked for
_RANKS = {True: {"done": 0}, False: {"new": 0, "indeterminate": 1}}


def find_transition(
    transitions: Sequence[Mapping[str, Any]], name: str, *, is_closing: bool, channel: str
) -> dict[str, Any]:
    """What is posted: the transition, and a resolution where it asks for one.

    NotifyError, which names what there is, where none leads there or it asks for a field that we cannot know.
    """
    ranks = _RANKS[is_closing]
    known = [
        one
        for one in transitions
        if (_is_named(one, name) if name else _category(one) in ranks) and not _unknown_fields(one)
    ]
    if known:
        best = known[0] if name else min(known, key=lambda one: ranks[_category(one)])
        fields = _resolution(best)
        return {"transition": {"id": str(best["id"])}, **({"fields": fields} if fields else {})}
    key = "done" if is_closing else "to_do"
    there = ", ".join(f"{plain(one['name'], 60)} ({plain(one['to']['name'], 60)})" for one in transitions) or "none"
    raise NotifyError(
        f"Jira: channel `{channel}`: no transition leads there from here without further fields; there are: {there}. "
        f"Set `{key}` to one of them, or close to false."
    )


def _is_named(transition: Mapping[str, Any], name: str) -> bool:
    return name.casefold() in {str(transition["name"]).casefold(), str(transition["to"]["name"]).casefold()}


def _category(transition: Mapping[str, Any]) -> str:
    return str(transition["to"].get("statusCategory", {}).get("key", ""))


def _unknown_fields(transition: Mapping[str, Any]) -> list[str]:
    """Required fields without a value of their own, but for the resolution."""
    fields = transition.get("fields") or {}
    return [
        key
        for key, field in fields.items()
        if field.get("required") and not field.get("hasDefaultValue") and key != "resolution"
    ]


def _resolution(transition: Mapping[str, Any]) -> dict[str, Any]:
    field = (transition.get("fields") or {}).get("resolution")
    if not field or not field.get("required"):
        return {}
    allowed = [str(one["name"]) for one in field.get("allowedValues") or ()]
    best = next((one for word in _FIXED for one in allowed if one.casefold() == word), next(iter(allowed), ""))
    return {"resolution": {"name": best}} if best else {}
