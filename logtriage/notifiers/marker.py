"""The hidden mark in issues and comments by which they are found again: of which incident, left by which delivery.

A mark is one line of its own, an HTML comment, which Markdown shows to nobody. It proves nothing by itself: it is taken
only from what our own account wrote (the tracker's part), only as a whole line, and only with its check, which a cut or
half-edited one fails. `marked` breaks every other beginning of a comment in the text, so that no log line becomes one.
Where a tracker has no comments (Jira), the same is kept as a property, a JSON value, beside a label to search for.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from msgspec import Struct

__all__ = [
    "PROPERTY",
    "Marker",
    "below_mark",
    "mark",
    "mark_label",
    "mark_property",
    "marked",
    "read_mark",
    "read_property",
]

PROPERTY = "logtriage"  # the key of an issue's property
_VERSION = 1
_MARK = re.compile(
    r"^<!-- logtriage:1 incident=(\S{1,600}) delivery=(\S{0,600}) check=([0-9a-f]{16}) -->[ \t\r]*$", re.MULTILINE
)
_BEGINNING = re.compile(r"<!(?=-)")
_BREAK = "\u2060"  # shows nothing; with it `<!--` is text, also between fences
_LABEL = re.compile(r"[^A-Za-z0-9_]+")


class Marker(Struct, frozen=True):
    """What a mark says: the tracked incident, and the delivery whose step wrote it last."""

    incident_id: str
    delivery_id: str

    @property
    def check(self) -> str:
        """16 hexadecimal digits over both ids."""
        told = f"{_VERSION}\0{self.incident_id}\0{self.delivery_id}".encode(errors="replace")
        return hashlib.blake2b(told, digest_size=8, person=b"logtriage-mark").hexdigest()


def mark(marker: Marker) -> str:
    """The mark as one line, without its end."""
    return (
        f"<!-- logtriage:{_VERSION} incident={_word(marker.incident_id)} delivery={_word(marker.delivery_id)} "
        f"check={marker.check} -->"
    )


def marked(body: str, marker: Marker) -> str:
    """A Markdown text with its mark as the last line, and no other comment in it.

    It grows by the mark and a character for each comment that is broken: a limit is to be kept by the caller.
    """
    return f"{_BEGINNING.sub(f'<!{_BREAK}', body).rstrip()}\n\n{mark(marker)}\n"


def read_mark(body: str | None) -> Marker | None:
    """The last whole mark of a text, None where there is none. To be asked only of what our own account wrote."""
    found = [
        Marker(unquote(match[1]), unquote(match[2]))
        for match in _MARK.finditer(body or "")
        if Marker(unquote(match[1]), unquote(match[2])).check == match[3]
    ]
    return found[-1] if found else None


def below_mark(body: str | None) -> str:
    """What a person wrote below the last mark of a text, to be kept when the text above is written anew."""
    ends = [match.end() for match in _MARK.finditer(body or "")]
    return (body or "")[ends[-1] :].strip() if ends else ""


def mark_property(marker: Marker) -> dict[str, Any]:
    """The mark as a JSON value, for the property PROPERTY of an issue or a comment."""
    return {
        "version": _VERSION, "incident": marker.incident_id, "delivery": marker.delivery_id, "check": marker.check,
    }  # fmt: skip


def read_property(value: object) -> Marker | None:
    """The mark of such a value, None where it is none."""
    if not isinstance(value, Mapping) or value.get("version") != _VERSION:
        return None
    marker = Marker(str(value.get("incident", "")), str(value.get("delivery", "")))
    return marker if marker.incident_id and marker.check == value.get("check") else None


def mark_label(incident_id: str) -> str:
    """A label that only this incident has, to search by: letters, digits and dashes, at most 60 characters.

    `logtriage-` and the id where that is short and plain, else a hash of it.
    """
    plain_id = _LABEL.sub("-", incident_id).strip("-")
    if plain_id != incident_id or len(plain_id) > 40:  # noqa: PLR2004 - what looks well in a list of issues
        plain_id = hashlib.blake2b(incident_id.encode(errors="replace"), digest_size=8).hexdigest()
    return f"logtriage-{plain_id}"


def _word(name: str) -> str:
    """A name without spaces, and without two dashes, which would end a comment."""
    return quote(name, safe="", errors="replace").replace("--", "%2D%2D")
