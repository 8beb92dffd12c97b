"""What people say in Slack: a reaction or a reply of a thread that calls a verdict right or wrong. No I/O.

Never who said it: users are asked after only to leave out bots, and none is kept.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

__all__ = ["said_by_reactions", "said_in_reply"]

Said = Literal["right", "wrong"]

_BOT_MARKS = ("bot_id", "bot_profile")
_SUBTYPES = frozenset({"", "thread_broadcast"})  # what a person writes; others tell of joins, files, bots, deletions
# The word alone, or with a colon or a dash before why; anything may follow where logtriage is addressed. No comma: what
# begins with `right, ` is mostly no verdict.
_ALONE = re.compile(r"(right|wrong)\s*(?:[.!]*\s*$|:|\s[-\u2013\u2014]|\u2014)", re.IGNORECASE)
_ADDRESSED = re.compile(
    r"(?:<@[A-Z0-9]+>|@?logtriage)[\s:,]+(?:settle\s+(?:[0-9a-f]{6,}\s+)?)?(right|wrong)\b", re.IGNORECASE
)


def said_in_reply(message: Mapping[str, Any]) -> Said | None:
    """What a reply of a person says of the verdict; None for a bot's and for any other words."""
    if any(message.get(mark) for mark in _BOT_MARKS) or (message.get("subtype") or "") not in _SUBTYPES:
        return None
    text = str(message.get("text") or "").strip().lstrip("*_~`").lstrip()
    found = _ALONE.match(text.replace("*", "").replace("_", "").replace("`", "")) or _ADDRESSED.match(text)
    return _said(found[1]) if found and message.get("user") else None


def said_by_reactions(
    message: Mapping[str, Any], *, right: Collection[str], wrong: Collection[str], is_person: Callable[[str], bool]
) -> tuple[Said | None, str]:
    """What most people who reacted say, None in a tie or without any; and how many, right before wrong."""
    people: dict[str, set[str]] = {"right": set(), "wrong": set()}
    for reaction in message.get("reactions") or []:
        name = str(reaction.get("name") or "").split("::")[0]  # without the tone of skin
        side = "right" if name in right else "wrong" if name in wrong else ""
        if side:
            people[side] |= {str(user) for user in reaction.get("users") or []}
    counts = {side: sum(map(is_person, users)) for side, users in people.items()}
    told = f"{counts['right']}-{counts['wrong']}"
    if counts["right"] == counts["wrong"]:
        return None, told
    return ("right" if counts["right"] > counts["wrong"] else "wrong"), told


def _said(word: str) -> Said:
    return "right" if word.lower() == "right" else "wrong"
