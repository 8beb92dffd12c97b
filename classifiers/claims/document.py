"""Markdown as people write it, into statements: sentences, list items, rows of tables, labels of diagrams. No I/O.

Code blocks are quoted logs and commands, not claims: they are counted and left out. Headings give context.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

__all__ = ["Document", "Statement", "read_document"]

_FENCE = re.compile(r"\s*(?:>\s*)*(`{3,}|~{3,})\s*(\w*)")
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*\Z")
_UNDERLINE = re.compile(r"\s{0,3}(?:=+|-{3,})\s*\Z")
_ITEM = re.compile(r"\s*(?:[-*+•]|\(?\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?")
_QUOTE = re.compile(r"\s*(?:>\s?)+")
_RULE = re.compile(r"\s*\|?(?:\s*:?-{2,}:?\s*\|)*\s*:?-{2,}:?\s*\|?\s*\Z")
_ENDS = re.compile(
    r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!approx\.)(?<!ca\.)(?<!vs\.)(?<!No\.)(?<!rev\.)(?<![ap]\.m\.)[\"')\]*_]*\s+(?=[A-Z0-9`\"'(\[*_~<>]|"
    r"[a-z][a-z0-9]*-[a-z])"
    r"|;\s+|\s+[—\u2013]\s+(?=[a-zA-Z`])"
)
_CODE = re.compile(r"(`+)(.+?)\1")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(
    r"\*\*|__|~~|(?<![\w*])[*_](?=\w)|(?<=\w)[*_](?![\w*])|"
    r"</?(?:br|b|i|em|strong|code|a|p|div|span|sub|sup|kbd|details|summary|u|s|img|small|h\d|table|t[rdh]|li|ul|ol|pre)\b[^>]{0,200}>"
)
_ARROW = re.compile(r"\s*(?:(?:<?--?>>?|-\.->|==>|--x|--\)|->>|-->>|---)\s*[+-]?)\s*")
_LABELS = re.compile(r"\|([^|]+)\||[\[({]+\"?([^\[\](){}]+?)\"?[\])}]+|:\s*(.+)\Z")
_PLAIN_HEADS = {
    "", "#", "field", "value", "item", "metric", "what", "event", "description", "detail", "details", "note", "notes",
    "time", "date", "when", "key", "name", "fact", "observation", "finding", "answer", "evidence", "why", "status",
    "property", "measure", "step", "comment", "remark", "result", "entry", "action",
}  # fmt: skip
_HEAD_ZONE = re.compile(r"\b(UTC|GMT|PST|PDT|EST|EDT|CST|CDT|MST|MDT|CET|CEST|BST|IST|JST)\b")
_CELL_CLOCK = re.compile(r"(\d\d?:\d\d(?::\d\d(?:\.\d+)?)?)(?!\s*(?:Z|UTC|GMT|[A-Z]{3,4}\b|[+-]\d))(?![\d:])")
_LONGEST = 2000  # characters of a statement


class Statement(Struct, frozen=True):
    """One sentence or row. `label` is what stands before it as a heading or as the name of its row."""

    line: int
    text: str
    heading: str


class Document(Struct, frozen=True):
    """The statements of a text in order, its headings, and how many lines of code blocks were left out."""

    statements: tuple[Statement, ...]
    headings: tuple[tuple[int, str], ...]
    skipped: int


def read_document(text: str) -> Document:
    """The statements of a Markdown text; any text in, never an error."""
    reader = _Reader()
    for number, line in enumerate(text.splitlines(), start=1):
        reader.take(number, line[:_LONGEST])
    return reader.done()


class _Reader:
    """Walks the lines once; keeps the paragraph, table or block that is open."""

    def __init__(self) -> None:
        self._statements: list[Statement] = []
        self._headings: list[tuple[int, str]] = []
        self._paragraph: list[tuple[int, str]] = []
        self._heads: list[str] | None = None
        self._fence = ""
        self._is_diagram = False
        self._skipped = 0

    @property
    def _heading(self) -> str:
        return self._headings[-1][1] if self._headings else ""

    def take(self, number: int, line: str) -> None:
        """One more line."""
        fence = _FENCE.match(line)
        if self._fence:
            self._in_block(number, line, fence)
        elif fence:
            self._close()
            self._fence, self._is_diagram = fence[1], fence[2].lower() == "mermaid"
        elif found := _HEADING.match(line):
            self._close()
            self._headings.append((number, _bare(found[2])))
        elif _UNDERLINE.match(line) and len(self._paragraph) == 1:
            self._headings.append((self._paragraph[0][0], _bare(self._paragraph.pop()[1])))
        else:
            self._in_text(number, line)

    def done(self) -> Document:
        """The document, once every line was taken."""
        self._close()
        return Document(tuple(self._statements), tuple(self._headings), self._skipped)

    def _in_block(self, number: int, line: str, fence: re.Match[str] | None) -> None:
        if fence and fence[1].startswith(self._fence) and not fence[2]:
            self._fence = ""
        elif self._is_diagram:
            self._statements += [Statement(number, label, self._heading) for label in _labels(line)]
        else:
            self._skipped += bool(line.strip())

    def _in_text(self, number: int, line: str) -> None:
        bare = _QUOTE.sub("", line, count=1) if _QUOTE.match(line) else line
        if "|" in bare and (bare.count("|") > 1 or self._heads is not None):
            self._in_table(number, bare)
            return
        item = _ITEM.match(bare)
        if item or not bare.strip():
            self._close()
        self._heads = None
        if bare.strip():
            self._paragraph.append((number, bare[item.end() :] if item else bare))
        if line.endswith(("  ", "\\")):
            self._close()

    def _in_table(self, number: int, line: str) -> None:
        if _RULE.match(line):
            return
        self._flush()
        cells = [_bare(cell).strip() for cell in _cells(line)]
        if self._heads is None:
            self._heads = cells
            return
        text = _row(self._heads, cells)
        if text:
            self._statements.append(Statement(number, text, self._heading))

    def _close(self) -> None:
        self._flush()
        self._heads = None

    def _flush(self) -> None:
        """The open paragraph as its sentences, each with the line that it begins on."""
        lines, self._paragraph = self._paragraph, []
        text = " ".join(line.strip() for _, line in lines)
        starts: list[tuple[int, int]] = []
        at = 0
        for number, line in lines:
            starts.append((at, number))
            at += len(line.strip()) + 1
        for start, sentence in _sentences(text):
            number = max((one for one in starts if one[0] <= start), default=(0, 1))[1]
            self._statements.append(Statement(number, _bare(sentence[:_LONGEST]), self._heading))


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """Sentences with where they begin; an end inside of a code span or quotes ends nothing."""
    shielded = _CODE.sub(lambda found: "X" * len(found[0]), text)
    shielded = re.sub(r"\"[^\"]{0,300}\"|“[^”]{0,300}”", lambda found: "X" * len(found[0]), shielded)
    begin = 0
    for end in _ENDS.finditer(shielded):
        if text[begin : end.start()].strip():
            yield begin, text[begin : end.start()].strip()
        begin = end.end()
    if text[begin:].strip():
        yield begin, text[begin:].strip()


def _bare(text: str) -> str:
    """Text without marks of emphasis, links and tags; code spans stay as they are."""
    parts: list[str] = []
    at = 0
    for code in _CODE.finditer(text):
        parts += [_MARKS.sub("", _LINK.sub(r"\1", text[at : code.start()])), code[0]]
        at = code.end()
    parts.append(_MARKS.sub("", _LINK.sub(r"\1", text[at:])))
    return "".join(parts).strip()


def _cells(line: str) -> list[str]:
    shielded = _CODE.sub(lambda found: found[0].replace("|", "\x00"), line.strip())
    inner = shielded.replace("\\|", "\x00").strip("|")
    return [cell.replace("\x00", "|") for cell in inner.split("|")]


def _row(heads: list[str], cells: list[str]) -> str:
    """`label: value` of a row of two, `head: cell; head: cell` of a wider one; zones of heads go to their cells."""
    zone = next((found[1] for head in heads if (found := _HEAD_ZONE.search(head))), "")
    told: list[str] = []
    for place, cell in enumerate(cells):
        if not cell:
            continue
        head = heads[place] if place < len(heads) else ""
        text = _CELL_CLOCK.sub(rf"\1 {zone}", cell) if zone else cell
        is_plain = _HEAD_ZONE.sub("", head).strip(" ()").lower() in _PLAIN_HEADS or place == 0
        told.append(text if is_plain else f"{head}: {text}")
    return ": ".join(told) if len(told) == 2 and ":" not in told[1][:40] else "; ".join(told)  # noqa: PLR2004 - label and value


def _labels(line: str) -> list[str]:
    """What the arrows and boxes of a line of Mermaid say."""
    if not _ARROW.search(line) and not re.match(r"\s*(?:note|title)\b", line, re.IGNORECASE):
        return []
    texts = [next(part for part in found.groups() if part) for found in _LABELS.finditer(line)]
    return [_bare(text.replace("<br/>", " ").strip(' "')) for text in texts if text.strip(' "')]
