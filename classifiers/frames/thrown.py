"""Exceptions named in running text, as `Type: value`; and the line that names the exception of the frames below it."""

import re

from classifiers.frames.base import Thrown, short_type

__all__ = ["SUFFIX", "exception_in_line", "named_in", "split_header"]

SUFFIX = (
    r"(?:Error|Exception|Warning|Exit|Interrupt|Timeout|Failure|Fault|Throwable|Group|Refused|Unavailable|NotFound"
    r"|Denied)"
)
_HEADER_LINES = 60  # between the line that names an exception and its first frame

_NAMED = re.compile(
    rf"(?<![\w.$])(?P<type>(?:[A-Za-z_$][\w$]*\.)*[A-Z][\w$]*{SUFFIX})(?:\s\[\w+\])?: (?=\S)"
)  # fmt: skip
_MAY_NAME = re.compile(rf"{SUFFIX}(?: \[\w+\])?: ")
# Named by its ending, by a package before it, or `error`, as Postgres' driver calls all of its own.
_THROWN = re.compile(
    rf"(?<![\w.$/\\])(?P<type>(?:[A-Za-z_$][\w$]*\.)*[A-Za-z_$][\w$]*{SUFFIX}"
    r"|(?:[a-z_][\w$]*\.){2,}[A-Z][\w$]*|\[?Error|error)(?: \[(?P<code>[A-Z]\w+)\])?(?P<colon>:(?= |\Z)|\]?\Z)"
)
_PLAIN_TYPE = re.compile(r"(?P<type>[A-Z][\w$]*)(?P<code>)(?P<colon>:(?= |\Z)|\Z)")
_WRAPPERS = re.compile(r"(?:RejectionWarning|UnhandledPromiseRejection)\Z")


def exception_in_line(text: str) -> Thrown | None:
    """The last exception that a message names as `Type: value`, without frames; None where it names none."""
    if not _MAY_NAME.search(text):
        return None
    found = None
    for match in _NAMED.finditer(text):
        found = match
    return Thrown(short_type(found["type"]), text[found.end() :].strip()) if found else None


def named_in(line: str) -> tuple[str, str, str] | None:
    """What stands before the first exception that a line names, its type, its text with its code; else None."""
    at = 0
    while found := _THROWN.search(line, at):
        if not _WRAPPERS.search(found["type"]):
            return _parted(line, found)
        at = found.end()
    return None


def _parted(line: str, found: re.Match[str]) -> tuple[str, str, str]:
    value = line[found.end() :].strip()
    code = found["code"]
    if code and code not in value:
        value = f"{code}: {value}" if value else code
    return line[: found.start()].strip(), found["type"].strip("["), value


def split_header(lines: list[str]) -> tuple[list[str], str, list[str]] | None:
    """Lines before a frame, as what stood before the exception, its type, the lines of its text; None: none named.

    The last line that begins with a name decides, else the last that holds one, else the last line, if it is a name.
    """
    first = max(0, len(lines) - _HEADER_LINES)
    within = None
    for at in range(len(lines) - 1, first - 1, -1):
        named = named_in(lines[at].strip()[:4096])
        if named and not named[0]:
            return lines[:at], named[1], [named[2] + lines[at].strip()[4096:], *lines[at + 1 :]]
        within = within or (named and (at, named))
    if within:
        at, (before, kind, value) = within
        return [*lines[:at], before], kind, [value, *lines[at + 1 :]]
    last = len(lines) - 1
    plain = _PLAIN_TYPE.match(lines[last].strip()) if lines else None
    if plain:
        return lines[:last], plain["type"], [lines[last].strip()[plain.end() :]]
    return None
