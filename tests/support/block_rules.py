"""What Slack takes of a message: limits of Block Kit as its reference names them, and what its server adds."""

from typing import Any

__all__ = ["block_fault", "shown_texts"]

_KEYS = {
    "header": {"type", "text", "block_id"},
    "section": {"type", "text", "fields", "accessory", "block_id", "expand"},
    "context": {"type", "elements", "block_id"},
    "divider": {"type", "block_id"},
    "actions": {"type", "elements", "block_id"},
}
_BLOCKS, _HEADER, _TEXT, _ELEMENTS, _FIELDS = 50, 150, 3000, 10, 10
_BUTTON, _URL, _ALL = 75, 3000, 13_200


def block_fault(blocks: Any) -> str:
    """The error that Slack would answer with; "" for blocks that it takes."""
    if not isinstance(blocks, list) or len(blocks) > _BLOCKS or not all(map(_is_block, blocks)):
        return "invalid_blocks"
    return "msg_blocks_too_long" if sum(map(len, shown_texts(blocks))) > _ALL else ""


def shown_texts(blocks: list[dict[str, Any]]) -> list[str]:
    """All texts of the blocks, in order."""
    return [text["text"] for block in blocks for text in _texts(block)]


def _texts(block: dict[str, Any]) -> list[dict[str, Any]]:
    found = [block["text"]] if "text" in block else []
    found += block.get("fields", [])
    for element in block.get("elements", []):
        found.append(element["text"] if element.get("type") == "button" else element)
    return found


def _is_block(block: Any) -> bool:
    if not isinstance(block, dict) or not set(block) <= _KEYS.get(block.get("type", ""), set()):
        return False
    kind, elements = block["type"], block.get("elements", [])
    if kind == "header":
        return _is_text(block.get("text"), {"plain_text"}, _HEADER)
    if kind == "section":
        fields = block.get("fields", [])
        return (
            ("text" in block or bool(fields))
            and ("text" not in block or _is_text(block["text"], {"plain_text", "mrkdwn"}, _TEXT))
            and len(fields) <= _FIELDS
            and all(_is_text(one, {"plain_text", "mrkdwn"}, 2000) for one in fields)
        )
    if kind == "context":
        return 1 <= len(elements) <= _ELEMENTS and all(
            _is_text(one, {"plain_text", "mrkdwn"}, _TEXT) for one in elements
        )
    return kind == "divider" or all(map(_is_button, elements))


def _is_text(text: Any, kinds: set[str], limit: int) -> bool:
    if not isinstance(text, dict) or text.get("type") not in kinds:
        return False
    allowed = {"type", "text", "emoji"} if text["type"] == "plain_text" else {"type", "text", "verbatim"}
    said = text.get("text")
    return set(text) <= allowed and isinstance(said, str) and 1 <= len(said.encode("utf-16-le")) // 2 <= limit


def _is_button(element: Any) -> bool:
    return (
        isinstance(element, dict)
        and element.get("type") == "button"
        and _is_text(element.get("text"), {"plain_text"}, _BUTTON)
        and len(element.get("url", "")) <= _URL
    )
