"""Text that is safe where it is shown: log text is hostile, so each place has its own way to write it.

All functions are total (any text in, never an error) and linear in the length of what they keep.
"""

import re
from collections.abc import Iterable

__all__ = ["block", "code", "csv_cell", "fenced", "heading", "md", "mrkdwn", "plain", "plain_lines", "shorten"]

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
_MD_LINKING = re.compile(r"(@)(?=[\w])|([#!])(?=\d)|\b(gh)(?=-\d)|(www)(?=\.)|(:)(?=//)", re.IGNORECASE)
# What hosts take for a commit, with the rest of its word; `effaced` is a word.
_MD_COMMIT = re.compile(r"(?<![\w-])(?=[a-f]*\d)[0-9a-f]{7,40}(?:-[0-9A-Za-z-]*)?(?![\w-])")
# Slack has no way to escape its marks, and closes them over a zero-width character too: look-alikes take their place.
_SLACK_MARKS = {"*": "\u2217", "_": "\u02cd", "~": "\u223c"}
_SLACK_OPENS = {mark: re.compile(rf"(?<![A-Za-z0-9])\{mark}(?=\S)") for mark in _SLACK_MARKS}
_SLACK_CLOSES = {mark: re.compile(rf"(?<=\S)\{mark}(?![A-Za-z0-9])") for mark in _SLACK_MARKS}
_SLACK_QUOTE = re.compile(r"^>+")
# What a spreadsheet takes for a formula, in East Asian width too; a number is none.
_FORMULA = re.compile(r"(?=[=+\-@\t\uff1d\uff0b\uff0d\uff20])(?![+-]?[0-9]+(?:[.,][0-9]+)*\Z)")
_LINES = "\n\t"
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
    """Text for running Markdown (GitHub's): shown as it is, with no mark-up, tag, mention or link of its own.

    What could be the name of a commit becomes a code span: no host links it, and it can be copied.
    """
    safe = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = _MD_OUTER_UNDERSCORE.sub(r"\\_", _MD_MARKS.sub(r"\\\1", safe))
    safe = _MD_BEGINNING.sub(_unbegun, safe)
    safe = _MD_COMMIT.sub(r"`\g<0>`", safe)
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


def csv_cell(text: str) -> str:
    """A cell of CSV: lines and tabs as they are, nothing that a terminal obeys, and no formula for a spreadsheet.

    What would begin one has an apostrophe before it, which spreadsheets do not show.
    """
    if not text.isprintable():
        parted = _ANSI.sub("", text.replace("\r\n", "\n"))
        text = _UNSEEN.sub(lambda found: found[0] if found[0] in _LINES else " ", parted)
    return f"'{text}" if _FORMULA.match(text) else text


def fenced(lines: Iterable[str]) -> str:
    """Lines as a Markdown code block that no fence in them can end; "" for none. They are to be plain."""
    text = "\n".join(lines)
    fence = "`" * max(3, max((len(run) for run in _FENCES.findall(text)), default=0) + 1)
    return f"{fence}text\n{text}\n{fence}" if text else ""


def heading(text: object, limit: int) -> str:
    """Text for a title, where Markdown is read in part: nobody mentioned, nothing linked, no code; within a limit."""
    safe = plain(text, limit).replace("`", "'")
    return shorten(_MD_LINKING.sub(lambda found: f"{found.group(0)}\u2060", safe), limit)


def mrkdwn(text: object) -> str:
    """Text for one line of Slack's mrkdwn: no link, mention, channel call, code, quote or style of its own.

    & < > are escaped. A backtick becomes its look-alike, and so do * _ ~ where two of them could open and close a
    style; one alone stays as it is, and those inside a word too, so that names can be copied.
    """
    safe = _SLACK_QUOTE.sub(lambda found: "\u203a" * len(found[0]), plain(text)).replace("`", "\u02cb")
    for mark, alike in _SLACK_MARKS.items():
        opening = _SLACK_OPENS[mark].search(safe)
        if opening and _SLACK_CLOSES[mark].search(safe, opening.end()):
            safe = _SLACK_CLOSES[mark].sub(alike, _SLACK_OPENS[mark].sub(alike, safe))
    return safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
