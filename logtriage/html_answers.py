"""The labelled lines of an incident as questions and answers of a page: same words, the most urgent first. No I/O."""

from collections.abc import Sequence

from msgspec import Struct

from logtriage.lines import Line

__all__ = ["Answer", "answers_of"]

# Labels of lines in the order in which somebody in a hurry asks, and whether they stand on the first screen.
_ASKED = {
    "CHANGE": ("What changed", True),
    "MAYBE": ("Perhaps", True),
    "CAUSE": ("Cause", True),
    "GOOD": ("Good", True),
    "BAD": ("Bad", True),
    "SEEN": ("Seen", True),
    "RATE": ("How often", True),
    "HIT": ("Who is hit", True),
    "SURE": ("How sure", True),
    "RESTS": ("On what grounds", False),
    "PULLS": ("Drags down", False),
    "STORM": ("How it comes", False),
    "CODE": ("Commits", False),
    "TESTS": ("Failed tests", False),
    "KNOWN": ("What it means", False),
    "LOOK": ("Where to look", False),
}


class Answer(Struct, frozen=True):
    """A question with its answers. `marks` are the columns of the first one after its head, such as single changes."""

    key: str
    label: str
    head: str
    marks: tuple[str, ...]
    rest: tuple[str, ...]
    is_first: bool


def answers_of(lines: Sequence[Line]) -> tuple[Answer, ...]:
    """Lines by their label, in the order of _ASKED; a label that is not known comes last, under its own name.

    How sure a verdict is stands on the first screen; what that rests on, and what would refute it, below it.
    """
    groups: list[tuple[str, list[str]]] = []
    for line in lines:
        if line.label or not groups:
            groups.append((line.label, []))
        elif groups[-1][0] == "SURE":
            groups.append(("RESTS", []))
        groups[-1][1].append(line.text)
    order = {key: at for at, key in enumerate(_ASKED)}
    groups.sort(key=lambda group: order.get(group[0], len(order)))
    return tuple(_answer(key, texts) for key, texts in groups)


def _answer(key: str, texts: Sequence[str]) -> Answer:
    label, is_first = _ASKED.get(key, (key.capitalize(), False))
    head, *marks = texts[0].split("   ")
    return Answer(key, label, head, tuple(marks), tuple(text.replace("   ", ", ") for text in texts[1:]), is_first)
