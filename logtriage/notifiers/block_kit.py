"""A message as Slack's Block Kit, within all limits, for someone who is woken by it.

Log text is hostile: every piece of it goes through `mrkdwn`, and `verbatim` keeps Slack from making links of bare
addresses, channels and names. What does not fit is cut, marked by dots, and the message says that it was cut.
Limits: https://docs.slack.dev/reference/block-kit/blocks (header 150, text of a section 3000, 10 elements of a context,
50 blocks) and about 13,200 characters over all blocks, above which the API answers msg_blocks_too_long. Characters are
counted as UTF-16 has them, which is never less than Slack counts.
"""

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from msgspec import Struct, field

from logtriage.escape import mrkdwn, plain
from logtriage.lines import Line
from logtriage.message import Link, Message

__all__ = ["Block", "Extras", "message_blocks", "news_blocks", "notification"]

Block: TypeAlias = dict[str, Any]

_HEADER = 136  # of 150: the sign may count as its name, :large_yellow_circle:
_SECTION = 2900  # of 3000
_ROW = 700  # of one labelled line
_SENTENCE = 1500
_BLOCKS = 50
_ALL = 12_600  # of 13,200
_FALLBACK = 3000  # of `text`, which notifications show and screen readers read; the API takes 40,000
_URL = 2500  # of 3000
_LINKS = 8
_BEYOND = 0xFFFF  # characters above it are two in UTF-16
_WEB = re.compile(r"https?://[^\s]+")
_UNSAFE_URL = {ord(sign): f"%{ord(sign):02X}" for sign in '<>|"`*~\\^{} '}
_CUT = "Cut to what fits in Slack; the report has the rest."
_CHANGES = "*Undo*  this changes the service:"
_TOO_LONG = "The command is longer than a message of Slack can be: copy it from the report."

_WORDS = {
    "PULLS": "Drags down",
    "SURE": "How sure",
    "DONE": "Fixed",  # `when 30 calls pass`, `verified: ...`
    "KNOWN": "Such failures",
    "LOOK": "Look at",
    "MAYBE": "Perhaps",
    "WAS": "Before",
}
_PARTS = {
    **dict.fromkeys(("PULLS", "HIT", "STORM", "ALSO", "IN IT", "SURE"), "reach"),
    **dict.fromkeys(("DO", "DONE"), "do"),
    **dict.fromkeys(("KNOWN", "LOOK", "APART", "TESTS", "NOTE", "MORE", "STATE", "PAST"), "aside"),
    "RIGHT?": "verdict",
}


class Extras(Struct, frozen=True):
    """What a channel adds to a message.

    `note`: what is odd about it. `verdict`: how to say whether it is right, already mrkdwn; "" leaves the message's own
    line. `news_first`: a new state is told here, and in no reply.
    """

    note: str = ""
    verdict: str = ""
    news_first: bool = False
    related: Sequence[Link] = ()


def message_blocks(message: Message, extras: Extras | None = None) -> list[Block]:
    """Headline, what changed and how often it fails, whom it hits, how sure, what to do; small, what explains it."""
    told, page = extras or Extras(), _Page()
    headline, rest = _halves(f"{message.sign} {plain(message.headline, 1000)}".strip())
    top = [_header(headline)]
    if rest:
        top.append(_section(f"... {page.said(rest, _ROW)}"))
    if told.note:
        top.append(_context(page.said(told.note, _ROW)))
    if told.news_first and message.news and plain(message.news) != plain(message.headline):
        top.append(_section(page.said(message.news, _SENTENCE)))
    parts = _parts(message.lines)
    rows = {part: [page.row(line) for line in lines] for part, lines in parts.items()}
    body = [*_sections(rows["what"]), *_sections(rows["reach"])]
    act = [*_sections(rows["do"][:1]), *page.command(message.command), *_sections(rows["do"][1:])]
    low = [*_contexts(rows["aside"]), *_contexts([told.verdict] if told.verdict else rows["verdict"])]
    low += _contexts(_links((*message.links, *told.related)))
    low += _contexts([page.said(message.footer, _SENTENCE)])
    return page.within([*top, *act], [*body, *low], order=[*top, *body, *act, *low])


def news_blocks(message: Message, note: str = "") -> list[Block]:
    """A reply of the thread: the one sentence that is new, with the sign of what it is now."""
    page = _Page()
    said = _section(f"{message.sign} {page.said(message.news or message.headline, _SENTENCE)}".strip())
    every = [said, *_contexts([page.said(note, _ROW)])]
    return page.within(every, [], order=every)


def notification(message: Message, *, is_news: bool = False) -> str:
    """What notifications show and a screen reader reads: headline, news, what changed, how sure, what to do."""
    if is_news:
        return _fit(f"{message.sign} {mrkdwn(message.news or message.headline)}".strip(), _FALLBACK) or "-"
    parts = _parts(message.lines)
    told = [(line.label, line.inline) for part in ("what", "reach", "do") for line in parts[part]]
    rows = [f"{message.sign} {mrkdwn(message.headline)}".strip(), mrkdwn(message.news)]
    rows += [mrkdwn(": ".join(filter(None, (_word(label), text)))) for label, text in told]
    return _fit("\n".join(filter(None, rows)), _FALLBACK) or "-"


class _Page(Struct):
    """Makes texts for one message and remembers whether anything was cut."""

    is_cut: bool = field(default=False)

    def said(self, text: str, limit: int) -> str:
        """Text of others for one line, escaped."""
        escaped = mrkdwn(plain(text, limit))
        fitted = _fit(escaped, limit)
        self.is_cut |= fitted != escaped or len(plain(text, limit + 4)) > limit
        return fitted

    def row(self, line: Line) -> str:
        """One labelled line; what is to be copied at its end as code, unless a backtick is in it."""
        word = _word(line.label)
        label = f"*{mrkdwn(word).replace('*', '')}*  " if word else ""
        command = plain(line.command, _ROW)
        if command and "`" not in command and _units(command) < _ROW // 2:
            return f"{label}{self.said(line.lead_inline, _ROW)} `{_code(command)}`"
        return f"{label}{self.said(line.inline, _ROW)}"

    def command(self, command: str) -> list[Block]:
        """A block to copy the command from, whole or not at all.

        Three backticks would end the block: '``''`' is the same word to a shell, which quotes them.
        """
        line = re.sub("``(?=`)", "``''", plain(command, 20_000))
        if not line:
            return []
        lead = f"{_CHANGES}\n" if " services update" in line else ""
        text = f"{lead}```{_code(line)}```"
        return [_section(text if _units(text) <= _SECTION else _TOO_LONG)]

    def within(self, first: Sequence[Block], then: Sequence[Block], *, order: Sequence[Block]) -> list[Block]:
        """All blocks in order, or as many as the limits allow; `first` is kept before `then`."""
        room, left, kept = _BLOCKS - 1, _ALL - len(_CUT), set()
        for block in (*first, *then):
            size = sum(map(_units, _texts(block)))
            if room < 1 or size > left:
                self.is_cut = True
                continue
            room, left = room - 1, left - size
            kept.add(id(block))
        return [*(block for block in order if id(block) in kept), *(_contexts([_CUT]) if self.is_cut else [])]


def _parts(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """Lines by where they stand; one without a label stands with the one above, grounds of a verdict stand aside."""
    parts: dict[str, list[Line]] = {"what": [], "reach": [], "do": [], "aside": [], "verdict": []}
    part, label = "what", ""
    for line in lines:
        if line.label:
            label = line.label
            part = _PARTS.get(label, "reach" if part == "reach" else "what")
            parts[part].append(line)
        elif label == "SURE":
            parts["aside"].append(Line("GROUNDS", line.text) if part == "reach" else line)
            part = "aside"
        else:
            parts[part].append(line)
    return parts


def _word(label: str) -> str:
    return _WORDS.get(label, label.capitalize())


def _code(command: str) -> str:
    """A command inside code, where only & < > are read."""
    return command.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _links(links: Sequence[Link]) -> list[str]:
    """Places to look as links of one row: no buttons, which warn where an app takes no clicks."""
    made = [link for one in links if (link := _link(one))]
    return [" \u00b7 ".join(made[:_LINKS])] if made else []


def _link(link: Link) -> str:
    """A link of ours; "" for what is no web address or too long."""
    url = link.url.strip().translate(_UNSAFE_URL).replace("&", "&amp;")
    label = mrkdwn(plain(link.label, 70)) or "link"
    return f"<{url}|{label}>" if _WEB.fullmatch(url) and _units(url) <= _URL else ""


def _halves(headline: str) -> tuple[str, str]:
    """What fits in a header, parted at a space, and the rest of it."""
    if _units(headline) <= _HEADER:
        return headline, ""
    head = _fit(headline, _HEADER).removesuffix("...")
    words = head.rpartition(" ")[0]
    head = words if len(words) > len(head) // 2 else head
    return f"{head.rstrip()}...", headline[len(head) :].strip()


def _header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text or "-", "emoji": True}}


def _section(text: str) -> Block:
    return {"type": "section", "text": _text(text), "expand": True}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [_text(text)]}


def _text(text: str) -> Block:
    return {"type": "mrkdwn", "text": text or "-", "verbatim": True}


def _sections(rows: Sequence[str]) -> list[Block]:
    return [_section(text) for text in _packed(rows)]


def _contexts(rows: Sequence[str]) -> list[Block]:
    return [_context(text) for text in _packed(rows)]


def _packed(rows: Sequence[str]) -> list[str]:
    """Rows joined by line ends into texts within the limit of a block."""
    packed: list[str] = []
    for row in filter(None, rows):
        if packed and _units(packed[-1]) + 1 + _units(row) <= _SECTION:
            packed[-1] += f"\n{row}"
        else:
            packed.append(row)
    return packed


def _texts(block: Block) -> list[str]:
    return [block["text"]["text"]] if "text" in block else [element["text"] for element in block["elements"]]


def _units(text: str) -> int:
    """Length as UTF-16 has it: an emoji counts twice."""
    return len(text) + sum(ord(char) > _BEYOND for char in text)


def _fit(text: str, limit: int) -> str:
    """At most `limit` characters, never cut inside an escape such as &amp;."""
    if _units(text) <= limit:
        return text
    at, used = 0, 3
    for char in text:
        used += 1 + (ord(char) > _BEYOND)
        if used > limit:
            break
        at += 1
    start = text.rfind("&", 0, at)
    if start >= 0 and ";" not in text[start:at]:
        at = start
    return f"{text[:at].rstrip()}..."
