"""What a document of Atlassian may be made of, as far as ours are: the mistakes in one, by place.

By https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/. `make check-web` asks the official one.
"""

from typing import Any

__all__ = ["adf_mistakes"]

_BLOCKS = {
    "paragraph", "heading", "bulletList", "orderedList", "blockquote", "table", "codeBlock", "rule", "expand",
}  # fmt: skip
_CHILDREN = {
    "doc": _BLOCKS,
    "expand": _BLOCKS - {"expand"},
    "paragraph": {"text", "hardBreak"},
    "heading": {"text", "hardBreak"},
    "codeBlock": {"text"},
    "bulletList": {"listItem"},
    "orderedList": {"listItem"},
    "listItem": {"paragraph", "bulletList", "orderedList", "codeBlock"},
    "blockquote": {"paragraph", "bulletList", "orderedList", "codeBlock"},
    "table": {"tableRow"},
    "tableRow": {"tableHeader", "tableCell"},
    "tableHeader": _BLOCKS - {"table", "expand"},
    "tableCell": _BLOCKS - {"table", "expand"},
    "text": set(),
    "hardBreak": set(),
    "rule": set(),
}
_FILLED = {
    "bulletList", "orderedList", "listItem", "blockquote", "table", "tableRow", "tableHeader", "tableCell", "expand",
}  # fmt: skip
_ATTRS = {"heading": {"level"}, "codeBlock": {"language"}, "expand": {"title"}}
_NEEDED = {"heading": {"level"}}
_MARKS = {"strong", "em", "code", "link"}


def adf_mistakes(document: Any) -> list[str]:
    """One line a mistake; none for a good document."""
    if not isinstance(document, dict) or document.get("type") != "doc" or document.get("version") != 1:
        return ["the root is no document of version 1"]
    return _mistakes({key: value for key, value in document.items() if key != "version"}, "doc")


def _mistakes(node: dict[str, Any], at: str) -> list[str]:
    kind, content = node.get("type"), node.get("content", [])
    found = [f"{at}: {key} is not known" for key in set(node) - {"type", "content", "attrs", "marks", "text"}]
    if kind not in _CHILDREN:
        return [*found, f"{at}: a {kind} is not known"]
    found += [f"{at}: attribute {key}" for key in set(node.get("attrs", {})) - _ATTRS.get(kind, set())]
    found += [f"{at}: no {key}" for key in _NEEDED.get(kind, set()) - set(node.get("attrs", {}))]
    if kind == "text":
        found += [] if isinstance(node.get("text"), str) and node["text"] else [f"{at}: an empty text"]
        marks = [mark["type"] for mark in node.get("marks", [])]
        is_wrong = set(marks) - _MARKS or ("code" in marks and {"strong", "em"} & set(marks))
        found += [f"{at}: marks {marks}"] if is_wrong else []
    if kind in _FILLED and not content:
        found.append(f"{at}: an empty {kind}")
    for number, child in enumerate(content):
        if child.get("type") not in _CHILDREN[kind]:
            found.append(f"{at}: a {child.get('type')} in a {kind}")
        found += _mistakes(child, f"{at}/{kind}[{number}]")
    return found
