"""Pieces of SVG text, with what they need to look right in a page: widths of letters, escaping, one style sheet.

Colours are custom properties of the page around (`--bad`, `--good`, `--muted`, `--line`, `--bg`) and `currentColor`, so
that one text serves light and dark; without them there are fallbacks. Numbers have one digit at most: equal in, equal
bytes out.
"""

import unicodedata
from collections.abc import Sequence

from logtriage.escape import plain

__all__ = [
    "DIAGRAM_CSS", "FONT_PX", "document", "escaped", "fitted", "fluid_document", "number", "text", "title", "width_of",
    "wrapped",
]  # fmt: skip

FONT_PX = 12
DIAGRAM_CSS = """\
.lt-d{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;display:block;color:inherit}
.lt-d text{fill:currentColor}
.lt-d .lt-halo{paint-order:stroke;stroke:var(--bg,Canvas);stroke-width:4px;stroke-linejoin:round}
.lt-d .lt-quiet{fill:var(--muted,GrayText)}
.lt-d .lt-strong{font-weight:600}
.lt-d .lt-badtext{fill:var(--bad,#c62828);font-weight:600}
.lt-d .lt-rule{stroke:var(--line,GrayText);stroke-width:1;fill:none}
.lt-d .lt-dots{stroke:var(--line,GrayText);stroke-width:1;stroke-dasharray:2 4;fill:none}
.lt-d .lt-box{stroke:var(--line,GrayText);fill:var(--bg,Canvas)}
.lt-d .lt-rootbox{stroke:var(--bad,#c62828);stroke-width:2;fill:var(--bg,Canvas)}
.lt-d .lt-plain{stroke:currentColor;fill:none;stroke-width:1.3}
.lt-d .lt-new{stroke:currentColor;fill:none;stroke-width:2.6}
.lt-d .lt-bad{stroke:var(--bad,#c62828);fill:none;stroke-width:2}
.lt-d .lt-lost{stroke:var(--bad,#c62828);fill:none;stroke-width:1.6;stroke-dasharray:7 4}
.lt-d .lt-gone{stroke:var(--muted,GrayText);fill:none;stroke-width:1.2;stroke-dasharray:2 4}
.lt-d .lt-fill{fill:currentColor}
.lt-d .lt-badfill,.lt-d text.lt-badfill{fill:var(--bad,#c62828)}
.lt-d .lt-goodfill,.lt-d text.lt-goodfill{fill:var(--good,#1b7f3b)}
.lt-d .lt-quietfill{fill:var(--muted,GrayText)}
.lt-d .lt-shade{fill:var(--bad,#c62828);opacity:.12}
"""
# Widths of the letters from U+0020 to U+007E in hundredths of the font size: of DejaVu Sans as Chromium shows it, which
# is wider than what pages are mostly shown in.
_WIDTHS = (
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69, 61,
    69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59,
    82, 59, 59, 52, 64, 34, 64, 84,
)  # fmt: skip
_FIRST = 32
_OTHER, _WIDE, _NONE = 75, 105, 0  # of letters beyond; those of East Asia; marks set upon a letter
_BREAKS = " ._/:"
_DOTS = "..."


def escaped(words: object, limit: int = 2000) -> str:
    """Text for an element or an attribute in quotes."""
    safe = plain(words, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe.replace('"', "&quot;").replace("'", "&#39;")


def number(value: float) -> str:
    """With one digit at most: `12`, `12.5`."""
    return f"{round(value, 1):g}"


def width_of(words: str, *, size: float = FONT_PX) -> float:
    """How wide a line of text is at most, in pixels."""
    return sum(_width(letter) for letter in words) * size / 100


def fitted(words: str, most_px: float, *, size: float = FONT_PX) -> str:
    """The text, or as much of its begin as fits, with three dots."""
    if width_of(words, size=size) <= most_px:
        return words
    left = most_px - width_of(_DOTS, size=size)
    kept = 0
    for letter in words:
        left -= _width(letter) * size / 100
        if left < 0:
            break
        kept += 1
    return words[:kept].rstrip() + _DOTS


def wrapped(words: str, most_px: float, lines: int, *, size: float = FONT_PX) -> list[str]:
    """At most so many lines, broken behind a blank or a sign where there is one; the last is cut where it must be."""
    told: list[str] = []
    rest = words.strip()
    while rest and len(told) < lines - 1 and width_of(rest, size=size) > most_px:
        cut = len(fitted(rest, most_px + width_of(_DOTS, size=size), size=size).removesuffix(_DOTS)) or 1
        broken = max(*(rest.rfind(sign, 0, cut) for sign in _BREAKS), _hyphen(rest[: cut + 1])) + 1
        cut = broken if broken > cut // 3 else cut
        told.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return [*told, fitted(rest, most_px, size=size)] if rest or not told else told


def text(x: float | str, y: float, words: str, *, kind: str = "", anchor: str = "") -> str:
    """A line of text; x in pixels, or as text with its unit."""
    place = x if isinstance(x, str) else number(x)
    look = f' class="{kind}"' if kind else ""
    side = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{place}" y="{number(y)}"{look}{side}>{escaped(words)}</text>'


def title(words: str) -> str:
    """What a pointer, and a reader of screens, is told of the group it stands in."""
    return f"<title>{escaped(words, 1500)}</title>"


def document(name: str, heading: str, told: Sequence[str], body: Sequence[str], size: tuple[float, float]) -> str:
    """An SVG element of a page. `name` is unique there; `told` says in sentences what the picture shows."""
    width, height = size
    box = f'viewBox="0 0 {number(width)} {number(height)}" width="{number(width)}" height="{number(height)}"'
    return _wrapped_up(name, heading, told, body, box)


def fluid_document(name: str, heading: str, told: Sequence[str], body: Sequence[str], height: float) -> str:
    """As `document`, as wide as its container: what it holds tells its places in percent."""
    return _wrapped_up(name, heading, told, body, f'width="100%" height="{number(height)}"')


def _hyphen(words: str) -> int:
    """The last hyphen inside a word, not one of an arrow; -1 where there is none."""
    return max((at for at in range(1, len(words) - 1) if words[at] == "-" and words[at + 1].isalnum()), default=-1)


def _wrapped_up(name: str, heading: str, told: Sequence[str], body: Sequence[str], box: str) -> str:
    ids = f"{escaped(name)}-t {escaped(name)}-d"
    described = escaped(" ".join(told), 8000)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="lt-d" {box} role="img" aria-labelledby="{ids}">'
    told_by = f'<title id="{escaped(name)}-t">{escaped(heading)}</title><desc id="{escaped(name)}-d">{described}</desc>'
    return "\n".join([head, told_by, *body, "</svg>"]) + "\n"


def _width(letter: str) -> int:
    at = ord(letter) - _FIRST
    if 0 <= at < len(_WIDTHS):
        return _WIDTHS[at]
    if unicodedata.combining(letter):
        return _NONE
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" or ord(letter) > 0xFFFF else _OTHER  # noqa: PLR2004 - emoji
