"""What a rule of redaction is: a form of secret, how it is found, and what is told in its place.

Patterns are Rust regex without look-around, which takes time linear in the text; those beside a run of
backslashes know escaped quotes of JSON inside JSON.
"""

import re

from msgspec import Struct

__all__ = ["BEGIN", "BEGIN_GATE", "ESCAPE", "SHIELD", "Rule", "for_columns", "for_one", "inside_quotes"]

SHIELD = "\x01"  # stands before a word that may stay; no pattern on names takes it for a value
# What ends in a letter or a digit and is no part of the word behind it: colours of a terminal, escapes of JSON and
# of addresses.
ESCAPE = (
    r"(?:(?:\x1b|\\+(?:u001[bB]|x1[bB]|033|e))\[[0-9;]*m"
    r"|\\+(?:[nrtbf]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})|%[0-9a-fA-F]{2})"
)
BEGIN = rf"(?:\b|{ESCAPE})"  # where a word begins; the gate is a little wider, and without counts
BEGIN_GATE = r"(?:\b|[0-9;\[]m|\\(?:[nrtbf]|u[0-9a-f][0-9a-f][0-9a-f][0-9a-f]|x[0-9a-f][0-9a-f])|%[0-9a-f][0-9a-f])"


def for_columns(pattern: str) -> str:
    """The pattern in polars' notation, with ASCII word boundaries: no accent hides what follows it."""
    return pattern.replace(r"\b", r"(?-u:\b)")


def for_one(pattern: str) -> re.Pattern[str]:
    """The same pattern in Python's notation, compiled; `re` keeps what it has compiled."""
    return re.compile(pattern.replace(r"\z", r"\Z").replace(r"\b", r"(?a:\b)"))


def inside_quotes(depth: int) -> tuple[str, str]:
    r"""A double quote of JSON that is escaped `depth` times, and what may stand between two of them (patterns).

    At depth 1 a quote is `\"` and one inside the value `\\\"`. A value that ends in a backslash is not told from
    one that goes on; the rules that follow take it.
    """
    quote, inner = 2**depth - 1, 2 ** (depth + 1) - 1
    return rf"\\{{{quote}}}\"", rf"(?:[^\"\\\x01]|\\{{{inner}}}\"|\\+[^\"\\])+"


class Rule(Struct, frozen=True):
    """One form of secret. `gate` is found, without case, in every text that `pattern` matches, and in few others.

    Both are Rust regex (no look-around); `pattern` says itself whether case counts.
    """

    name: str
    gate: str
    pattern: str
    replacement: str

    @property
    def single(self) -> re.Pattern[str]:
        """The pattern for one text, in Python's notation; `re` keeps what it has compiled."""
        return for_one(self.pattern)

    @property
    def many(self) -> str:
        """The pattern for columns: its word boundaries are ASCII ones, so that no accent hides what follows it."""
        return for_columns(self.pattern)

    @property
    def single_replacement(self) -> str:
        """The replacement in Python's notation."""
        return re.sub(r"\$\{(\d)\}", r"\\g<\1>", self.replacement)
