"""Texts in; lines out, bounded in length, and unescaped where a JSON string was logged as text."""

import re

__all__ = ["ESCAPED", "most_likely_lines", "other_lines", "plain"]

_MOST_CHARS = 65_536  # of a text: of a longer one its beginning and its end, where the outermost and the cause stand
_LEVELS = 3  # JSON in JSON in JSON
ESCAPED = "\\n"

_JSON_VALUE = re.compile(r'":\s?"((?:[^"\\]|\\.)*)', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_MEANS = {"n": "\n", "t": "\t", "r": "", "b": "", "f": ""}


def most_likely_lines(text: str) -> list[str]:
    """The lines of a text; line ends written as two characters count where they are more than real ones."""
    text = _bounded(text)
    if ESCAPED in text and text.count(ESCAPED) > text.count("\n"):
        text = _unescaped(text)
    return text.replace("\r", "").split("\n")


def other_lines(text: str) -> list[str] | None:
    """The lines of a text with real line ends that also holds escaped ones, unescaped; None where it holds none."""
    text = _bounded(text)
    if ESCAPED not in text or text.count(ESCAPED) > text.count("\n"):
        return None
    return _unescaped(text).replace("\r", "").split("\n")


def _bounded(text: str) -> str:
    """At most _MOST_CHARS of the text: a beginning and an end, cut at the ends of lines."""
    if len(text) <= _MOST_CHARS:
        return text
    half = _MOST_CHARS // 2
    end = "\n" if "\n" in text else ESCAPED
    before = text[:half].rpartition(end)[0] or text[:half]
    behind = text[-half:].partition(end)[2]
    return before + end + behind


def _unescaped(text: str) -> str:
    """The text without the escapes of JSON, or of a programming language's way to show a text."""
    for _ in range(_LEVELS):
        if text.count(ESCAPED) <= text.count("\n"):
            break
        text = _ESCAPE.sub(_meant, _json_value(text))
    return text


def _json_value(text: str) -> str:
    """What stood before the value with the most line ends, and that value; the text itself where it holds no JSON."""
    best, most = None, 0
    for found in _JSON_VALUE.finditer(text):
        ends = text.count(ESCAPED, found.start(1), found.end(1))
        if ends > most:
            best, most = found, ends
    if best is None or most * 2 < text.count(ESCAPED):
        return text
    return f"{text[: best.start()]}\n{best[1]}"


def _meant(escape: re.Match[str]) -> str:
    if escape[1]:
        code = int(escape[1], 16)
        return chr(code) if not 0xD800 <= code < 0xE000 else ""  # noqa: PLR2004 - surrogates are no characters
    return _MEANS.get(escape[2], escape[2] if escape[2] in "\"'\\/`" else escape[0])


def plain(line: str) -> str:
    """The line without the white space around it and without what closes the object or text it stood in."""
    return line.strip().rstrip(" {},\"']")
