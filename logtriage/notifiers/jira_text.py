"""Our Markdown in Jira's two markups: ADF, a tree of JSON (Cloud), and wiki text (Data Center). No I/O.

In ADF a text is a text, whatever stands in it. In wiki text every sign that could mean something is written as its
number. https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/ and
https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from logtriage.notifiers.markdown_blocks import Block, Span, parse_blocks

__all__ = ["LONGEST", "adf", "adf_words", "wiki"]

LONGEST = 32_000  # characters; Jira takes 32,767, of ADF as it is stored
_LEFT_OUT = "The rest is left out: too long for an issue of Jira."
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")
_WIKI = re.compile(r"[\\{}\[\]*_^~+|!#@?():;&<>-]")
_WIKI_BEGINNING = re.compile(r"^((?:h[1-6]|bq))\.")
_WEB = re.compile(r"https?://[^\s<>\"|\]]{1,2000}\Z")

Json = dict[str, Any]


def adf(markdown: str, longest: int = LONGEST) -> Json:
    """The document; blocks that do not fit are left out from the first such one on, and it says so."""
    content: list[Json] = []
    room = longest - 300
    for block in parse_blocks(markdown):
        node = _node(block)
        room -= len(json.dumps(node, ensure_ascii=False))
        if room < 0:
            content.append(_paragraph((Span(_LEFT_OUT, "em"),)))
            break
        content.append(node)
    return {"type": "doc", "version": 1, "content": content or [_paragraph(())]}


def adf_words(document: Any) -> str:
    """The plain text of a document of any kind: a line for each paragraph."""
    if isinstance(document, str):
        return document
    if not isinstance(document, dict):
        return ""
    if document.get("type") == "text":
        return str(document.get("text", ""))
    if document.get("type") == "hardBreak":
        return "\n"
    inner = "".join(adf_words(one) for one in document.get("content") or ())
    return f"{inner}\n" if document.get("type") in {"paragraph", "heading", "codeBlock"} else inner


def wiki(markdown: str, longest: int = LONGEST) -> str:
    """The text in wiki markup, cut in the same way."""
    parts: list[str] = []
    room = longest - 300
    for block in parse_blocks(markdown):
        text = _text(block)
        room -= len(text) + 2
        if room < 0:
            parts.append(_escaped(_LEFT_OUT))
            break
        parts.append(text)
    return "\n\n".join(parts)


def _node(block: Block) -> Json:  # noqa: PLR0911 - one a kind of block
    match block.kind:
        case "heading":
            return {"type": "heading", "attrs": {"level": block.level}, "content": _inline(block.rows[0][0])}
        case "bullets" | "numbers":
            kind = "bulletList" if block.kind == "bullets" else "orderedList"
            items = [{"type": "listItem", "content": [_paragraph(row[0])]} for row in block.rows]
            return {"type": kind, "content": items}
        case "quote":
            return {"type": "blockquote", "content": [_paragraph(block.rows[0][0])]}
        case "table":
            return {"type": "table", "content": [_row(row, is_head=not at) for at, row in enumerate(block.rows)]}
        case "code":
            attrs = {"attrs": {"language": block.language}} if block.language else {}
            text = _clean(block.text)
            return {"type": "codeBlock", **attrs, "content": [{"type": "text", "text": text}] if text else []}
        case "rule":
            return {"type": "rule"}
        case "details":
            inner = [_node(one) for one in block.inner if one.kind != "details"]
            return {"type": "expand", "attrs": {"title": block.title}, "content": inner or [_paragraph(())]}
        case _:
            return _paragraph(block.rows[0][0])


def _row(cells: Sequence[tuple[Span, ...]], *, is_head: bool) -> Json:
    kind = "tableHeader" if is_head else "tableCell"
    return {"type": "tableRow", "content": [{"type": kind, "content": [_paragraph(cell)]} for cell in cells]}


def _paragraph(spans: Sequence[Span]) -> Json:
    return {"type": "paragraph", "content": _inline(spans)}


def _inline(spans: Sequence[Span]) -> list[Json]:
    nodes: list[Json] = []
    for span in spans:
        text = _clean(span.text)
        if span.text == "\n":
            nodes.append({"type": "hardBreak"})
        elif text:
            marks: list[Json] = [{"type": span.style}] if span.style else []
            marks += [{"type": "link", "attrs": {"href": span.url}}] if _WEB.match(span.url) else []
            nodes.append({"type": "text", "text": text, **({"marks": marks} if marks else {})})
    return nodes


def _clean(text: str) -> str:
    return _CONTROLS.sub(" ", text)


def _text(block: Block) -> str:  # noqa: PLR0911 - one a kind of block
    match block.kind:
        case "heading":
            return f"h{block.level}. {_words(block.rows[0][0])}"
        case "bullets" | "numbers":
            sign = "*" if block.kind == "bullets" else "#"
            return "\n".join(f"{sign} {_words(row[0]).replace(chr(10), ' ')}" for row in block.rows)
        case "quote":
            return f"{{quote}}\n{_words(block.rows[0][0])}\n{{quote}}"
        case "table":
            return "\n".join(
                f"{bar}{bar.join(_words(cell).replace(chr(10), ' ') or ' ' for cell in row)}{bar}"
                for bar, row in zip(("||", *("|",) * len(block.rows)), block.rows, strict=False)
            )
        case "code":
            return f"{{noformat}}\n{_clean(block.text).replace('{noformat', '{ noformat')}\n{{noformat}}"
        case "rule":
            return "----"
        case "details":
            inner = "\n\n".join(_text(one) for one in block.inner)
            return f"h4. {_escaped(block.title)}\n\n{inner}"
        case _:
            return _words(block.rows[0][0])


def _words(spans: Sequence[Span]) -> str:
    told = []
    for span in spans:
        text = "\n" if span.text == "\n" else _escaped(span.text)
        if _WEB.match(span.url) and text.strip():
            text = f"[{text}|{span.url}]"
        sign = {"strong": "*", "em": "_"}.get(span.style, "") if text.strip() == text and text else ""
        told.append(f"{{{{{text}}}}}" if span.style == "code" else f"{sign}{text}{sign}")
    return _WIKI_BEGINNING.sub(r"\1&#46;", "".join(told))


def _escaped(text: str) -> str:
    return _WIKI.sub(lambda found: f"&#{ord(found[0])};", _clean(text).replace("\n", " "))
