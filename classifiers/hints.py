"""What the form of a message gives away about its cause, beside what it says."""

import re

__all__ = ["find_hints"]

# A quote that opens, a value, and white space with a line break before the quote that closes. The value is as masked.
_BROKEN_VALUE = re.compile(r"(?<![\w\"'`])([\"'`])([^\"'`\n]{0,80}?)[ \t\r]*\n\s*\1(?!\w)")


def find_hints(text: str) -> list[str]:
    """Hints that hold for a text, each a sentence; most texts have none.

    A value in quotes that ends in a line break was read from a file or a secret whose last line end nobody took off.
    """
    if "\n" not in text:
        return []
    values = sorted({match[2] for match in _BROKEN_VALUE.finditer(text)})
    return [f"the value `{value}` ends in white space (a line break)" for value in values]
