"""Text that is safe where it is shown: log text is hostile, so each place has its own way to write it.

All functions are total (any text in, never an error) and linear in the length of what they keep.
"""

import re

__all__ = ["block", "code", "md", "mrkdwn", "plain", "plain_lines", "shorten"]

# OSC (title, links, clipboard) up to its end or the next escape, CSI (colour, cursor), then any other escape.
_ANSI = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
# Controls (C0, C1), soft hyphen, direction marks, invisible operators, byte order marks, tags, lone surrogates.
# U+200C and U+200D stay: Persian, Indic scripts and emoji need them, and they move nothing.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_MD_MARKS = re.compile(r"([\\`*\[\]~$])")
_MD_OUTER_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
# What begins a block where a text begins: a heading, a list, a rule, an underline of a heading.
_MD_BEGINNING = re.compile(r"^(?:(#{1,6}|[-+])(?=\s|$)|(-)(?=-)|(=)|(\d{1,9})(?=[.)](?:\s|$)))")
_MD_LINKING = re.compile(r"(@)(?=[\w])|(#)(?=\d)|(www)(?=\.)|(:)(?=//)", re.IGNORECASE)
_JOINER = "&#8288;"  # shows nothing, breaks mentions, issue numbers and bare links
_FENCES = re.compile(r"`+")


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters; what is cut is marked by three dots."""
    return text if len(text) <= limit else text[: max(limit - 3, 0)].rstrip() + "..."


def plain(text: object, limit: int = 2000) -> str:
    """One line without control characters, direction marks and terminal escapes, at most `limit` characters."""
    seen = str(text)[: limit * 4]  # bounds the work on a message of a megabyte
    return shorten(" ".join(_UNSEEN.sub(" ", _ANSI.sub("", seen)).split()), limit)


def plain_lines(text: str, *, lines: int = 40, width: int = 400) -> tuple[str, ...]:
    """The lines of a text, each made plain but with its indentation; a last line says how many were left out."""
    every = _ANSI.sub("", text[: lines * width * 4]).splitlines()
    shown = []
    for line in every[:lines]:
        wide = line.expandtabs(4)
        indent = len(wide) - len(wide.lstrip(" "))
        shown.append(" " * min(indent, 40) + plain(wide, width))
    if len(every) > lines:
        shown.append(f"... {len(every) - lines:,} more lines")
    return tuple(shown)


def md(text: object) -> str:
    """Text for running Markdown (GitHub's): shown as it is, with no mark-up, tag, mention or link of its own."""
    safe = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = _MD_OUTER_UNDERSCORE.sub(r"\\_", _MD_MARKS.sub(r"\\\1", safe))
    safe = _MD_BEGINNING.sub(_unbegun, safe)
    return _MD_LINKING.sub(lambda found: found.group(0) + _JOINER, safe).replace("|", "&#124;")


def _unbegun(found: re.Match[str]) -> str:
    """The mark made a letter; of a number the point behind it."""
    return f"{found[4]}\\" if found[4] else f"\\{found[0]}"


def code(text: object) -> str:
    """A Markdown code span, also inside a table; text with pipes becomes a <code> tag, because tables cut spans."""
    safe = plain(text)
    if not safe:
        return ""
    if "|" in safe:
        return f"<code>{md(safe)}</code>"
    fence = "`" * (max((len(run) for run in _FENCES.findall(safe)), default=0) + 1)
    pad = " " if safe.startswith("`") or safe.endswith("`") else ""
    return f"{fence}{pad}{safe}{pad}{fence}"


def block(text: object) -> str:
    """A Markdown code block inside a list item, which hosts show with a button to copy; one line, never cut."""
    safe = plain(text, 20_000)
    fence = "`" * max(3, max((len(run) for run in _FENCES.findall(safe)), default=0) + 1)
    return f"  {fence}sh\n  {safe}\n  {fence}"


def mrkdwn(text: object) -> str:
    """Text for Slack's mrkdwn: & < > escaped, so that no link, mention or channel call can be written."""
    return plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
