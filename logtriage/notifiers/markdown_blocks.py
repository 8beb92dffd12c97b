"""The Markdown of our own templates as blocks, for trackers with another markup. No I/O.

Only what the templates write is read: headings, paragraphs, lists, quotes, tables, code between fences, rules,
<details>, and in running text code, strong, emphasis, links, escapes and entities. Everything else is plain text.
"""

import re
from collections.abc import Iterable, Sequence
from html import unescape
from typing import Literal

from msgspec import Struct

__all__ = ["Block", "Kind", "Span", "parse_blocks"]

Kind = Literal["heading", "paragraph", "bullets", "numbers", "quote", "table", "code", "rule", "details"]


class Span(Struct, frozen=True):
    """Some running text in one style; `url` of a link. A line feed alone is a break of the line."""

    text: str
    style: Literal["", "code", "strong", "em"] = ""
    url: str = ""


class Block(Struct, frozen=True):
    """One block. `rows`: of a list its items, of a table its rows of cells, of others one row of one cell.

    `level` of a heading; `text` of code, with its `language`; `title` and `inner` of <details>.
    """

    kind: Kind
    rows: tuple[tuple[tuple[Span, ...], ...], ...] = ()
    level: int = 0
    text: str = ""
    language: str = ""
    title: str = ""
    inner: tuple["Block", ...] = ()


_FENCE = re.compile(r"^( *)(`{3,}|~{3,})([\w-]*)\s*$")
_HEADING = re.compile(r"^(#{1,6}) +(.*)$")
_ITEM = re.compile(r"^ *(?:([-*+])|\d{1,9}[.)]) +(.*)$")
_DETAILS = re.compile(r"^<details>(?:<summary>(.*)</summary>)?$")
_RULE = re.compile(r"^(-{3,}|\*{3,})$")
_BETWEEN = re.compile(r"^\|[\s:|-]+\|?$")
_BEGINS = (_FENCE, _HEADING, _ITEM, _DETAILS, _RULE)
_INLINE = re.compile(
    r"(?P<ticks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|<code>(?P<tagged>.*?)</code>"
    r"|\[(?P<label>(?:\\.|[^\]\\])*)\]\((?P<url>[^()\s]*)\)"
    r"|(?P<strong>\*\*)|(?P<em>\*)"
    r"|(?P<line><br ?/?>)|(?P<tag></?[a-z]+>)"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<entity>&\#?\w{1,10};)"
)
_JOINER = "\u2060"


def parse_blocks(markdown: str) -> tuple[Block, ...]:
    """The blocks of a text, in order. Diagrams are left out, and headings behind which nothing stands."""
    blocks = list(_blocks(markdown.splitlines()))
    kept: list[Block] = []
    for at, block in enumerate(blocks):
        after = blocks[at + 1] if at + 1 < len(blocks) else None
        is_bare = after is None or after.kind == "rule" or (after.kind == "heading" and after.level <= block.level)
        if block.kind != "heading" or not is_bare:
            kept.append(block)
    return tuple(kept)


def _blocks(lines: Sequence[str]) -> Iterable[Block]:
    at = 0
    while at < len(lines):
        block, at = _next(lines, at)
        if block is not None and not (block.kind == "code" and block.language == "mermaid"):
            yield block


def _next(lines: Sequence[str], at: int) -> tuple[Block | None, int]:  # noqa: PLR0911 - one a kind of block
    """The block that begins at a line, None for a blank one, and the line behind it."""
    line = lines[at].rstrip()
    if not line:
        return None, at + 1
    if fence := _FENCE.match(line):
        return _code(lines, at, fence)
    if heading := _HEADING.match(line):
        return Block("heading", ((_spans(heading[2]),),), level=len(heading[1])), at + 1
    if details := _DETAILS.match(line):
        end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == "</details>"), len(lines))
        inner = parse_blocks("\n".join(lines[at + 1 : end]))
        return (Block("details", title=_words(details[1] or "More"), inner=inner) if inner else None), end + 1
    if _RULE.match(line):
        return Block("rule"), at + 1
    if line.startswith("|"):
        return _table(lines, at)
    if item := _ITEM.match(line):
        return _items(lines, at, is_bulleted=bool(item[1]))
    return _paragraph(lines, at)


def _code(lines: Sequence[str], at: int, fence: re.Match[str]) -> tuple[Block, int]:
    indent, end = len(fence[1]), at + 1
    while end < len(lines) and lines[end].strip() != fence[2]:
        end += 1
    text = "\n".join(line[indent:] if line[:indent].isspace() else line for line in lines[at + 1 : end])
    return Block("code", text=text, language=fence[3]), end + 1


def _table(lines: Sequence[str], at: int) -> tuple[Block | None, int]:
    rows: list[tuple[tuple[Span, ...], ...]] = []
    while at < len(lines) and (lines[at].startswith("|") or (rows and not lines[at].strip() and _goes_on(lines, at))):
        line = lines[at].strip()
        if line and not _BETWEEN.match(line):
            rows.append(tuple(_spans(cell.strip()) for cell in line.strip("|").split("|")))
        at += 1
    width = max((len(row) for row in rows), default=0)
    even = tuple((*row, *((),) * (width - len(row))) for row in rows)
    return (Block("table", even) if even else None), at


def _goes_on(lines: Sequence[str], at: int) -> bool:
    return at + 1 < len(lines) and lines[at + 1].startswith("|")


def _items(lines: Sequence[str], at: int, *, is_bulleted: bool) -> tuple[Block, int]:
    """Items that follow each other; a line that goes on is indented."""
    rows: list[str] = []
    while at < len(lines):
        line = lines[at].rstrip()
        item = _ITEM.match(line)
        if item and bool(item[1]) == is_bulleted:
            rows.append(item[2])
        elif line.startswith("  ") and not _FENCE.match(line):
            rows[-1] += f" {line.strip()}"
        elif line or not _is_item(lines, at + 1, is_bulleted=is_bulleted):
            break
        at += 1
    return Block("bullets" if is_bulleted else "numbers", tuple((_spans(row),) for row in rows)), at


def _is_item(lines: Sequence[str], at: int, *, is_bulleted: bool) -> bool:
    item = _ITEM.match(lines[at]) if at < len(lines) else None
    return item is not None and bool(item[1]) == is_bulleted


def _paragraph(lines: Sequence[str], at: int) -> tuple[Block, int]:
    """Lines up to a blank one, or to what begins another block; each a line of its own."""
    first = lines[at].startswith(">")
    rows = [lines[at]]
    at += 1
    while at < len(lines) and lines[at].strip() and lines[at].startswith(">") == first:
        if any(begins.match(lines[at].rstrip()) for begins in _BEGINS) or lines[at].startswith("|"):
            break
        rows.append(lines[at])
        at += 1
    text = "<br>".join(row.lstrip("> ").rstrip() for row in rows)
    return Block("quote" if first else "paragraph", ((_spans(text),),)), at


def _spans(text: str) -> tuple[Span, ...]:
    """Running text in its styles."""
    spans: list[Span] = []
    is_strong = is_em = False
    at = 0
    for found in _INLINE.finditer(text):
        style: Literal["", "strong", "em"] = "strong" if is_strong else "em" if is_em else ""
        spans.append(Span(text[at : found.start()], style))
        at = found.end()
        match found.lastgroup:
            case "code" | "ticks":
                spans.append(Span(found["code"].strip() or found["code"], "code"))
            case "tagged":
                spans.append(Span(_words(found["tagged"]), "code"))
            case "url":
                spans.append(Span(_words(found["label"]), style, found["url"]))
            case "strong":
                is_strong = not is_strong
            case "em":
                is_em = not is_em
            case "line":
                spans.append(Span("\n"))
            case "escaped":
                spans.append(Span(found["escaped"], style))
            case "entity":
                spans.append(Span(unescape(found["entity"]).replace(_JOINER, ""), style))
    spans.append(Span(text[at:], "strong" if is_strong else "em" if is_em else ""))
    return _joined(spans)


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Neighbours of one style as one; no empty ones."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        is_same = last is not None and (last.style, last.url) == (span.style, span.url) and "\n" not in last.text
        if last is not None and is_same and span.text != "\n":
            joined[-1] = Span(last.text + span.text, span.style, span.url)
        elif span.text:
            joined.append(span)
    return tuple(joined)


def _words(text: str) -> str:
    """The same without any style."""
    return "".join(span.text for span in _spans(text))
