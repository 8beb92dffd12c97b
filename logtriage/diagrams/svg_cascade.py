"""A cascade as SVG: a tree read downwards, what is pulled down below and to the right of what explains it."""

from logtriage.diagrams.cascade_view import CascadeNode, CascadeView
from logtriage.diagrams.svg import document, fitted, number, text, title, wrapped

__all__ = ["svg_cascade"]

_MARGIN, _INDENT = 8.0, 24.0
_BOX, _PAD, _LINE = 300.0, 8.0, 15.0
_ABOVE = 24.0  # between two boxes: room for the words of the link
_DEEPEST = 6  # further ones stand at this depth
_HEAD = 6.0


def svg_cascade(view: CascadeView, *, name: str, heading: str = "What pulls down what") -> str:
    """The picture; `name` is unique on the page and makes the ids."""
    body: list[str] = []
    top = _MARGIN
    foot: dict[str, tuple[float, float]] = {}
    deepest = 0
    for node in view.nodes:
        depth = min(node.depth, _DEEPEST)
        deepest = max(deepest, depth)
        lines = _lines(node)
        top += 0 if not body else _ABOVE
        height = 2 * _PAD + len(lines) * _LINE
        x = _MARGIN + depth * _INDENT
        if node.under:
            body.append(_link(node, foot[node.under], (x, top), height))
        look = "lt-rootbox" if node.is_root else "lt-box"
        body.append(
            f'<g>{title(f"{node.service}: {node.title}")}<rect class="{look}" x="{number(x)}" y="{number(top)}"'
            f' width="{number(_BOX)}" height="{number(height)}" rx="6"/>'
        )
        first = top + _PAD + 11
        body += [text(x + _PAD, first + at * _LINE, words, kind=kind) for at, (words, kind) in enumerate(lines)]
        body.append("</g>")
        foot[node.id] = (x, top + height)
        top += height
    if view.more:
        top += _ABOVE
        body.append(text(_MARGIN, top - 6, f"{view.more} more not drawn", kind="lt-quiet"))
    told = [_sentence(node) for node in view.nodes]
    return document(name, heading, told, body, (2 * _MARGIN + deepest * _INDENT + _BOX, top + _MARGIN))


def _lines(node: CascadeNode) -> list[tuple[str, str]]:
    most = _BOX - 2 * _PAD
    lines = [(fitted(f"{node.service}  {node.head}", most * 0.93), "lt-badtext" if node.is_root else "lt-strong")]
    lines += [(one, "") for one in wrapped(node.title, most, 2)]
    return lines + ([(one, "lt-quiet") for one in wrapped(f"also: {node.also}", most, 2)] if node.also else [])


def _link(node: CascadeNode, foot: tuple[float, float], corner: tuple[float, float], height: float) -> str:
    """Down from the cause and across to the symptom, with what it explains above the box."""
    from_x, from_y = foot[0] + _INDENT / 2, foot[1]
    x, top = corner
    level = top + height / 2
    tip = x - 1
    return (
        f'<path class="lt-plain" d="M{number(from_x)} {number(from_y)}V{number(level)}H{number(tip - _HEAD)}"/>'
        f'<polygon class="lt-fill" points="{number(tip)},{number(level)} {number(tip - _HEAD)},{number(level - 4)}'
        f' {number(tip - _HEAD)},{number(level + 4)}"/>'
        f"{text(x, top - 7, node.words, kind='lt-halo lt-strong')}"
    )


def _sentence(node: CascadeNode) -> str:
    of = f", {node.words} of it by what stands above" if node.under else ""
    return f"{node.service}, {node.head}: {node.title}{of}."
