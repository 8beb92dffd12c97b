"""Half surrogate pairs in JSON, which the parsers refuse and writers that cut texts in the middle of a character leave.

What comes in and goes out: JSON texts. An escape of half a pair becomes that of U+FFFD, the replacement character.
"""

import re

__all__ = ["HALF_PAIR", "mend_surrogates"]

HALF_PAIR = r"\\u[dD][89a-fA-F]"  # what a text that needs mending holds; whole pairs hold it too
# Escapes from the left, so that an escaped backslash before a `u` is none; a whole pair is matched before its halves.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def mend_surrogates(text: str) -> str:
    """The same text with every half pair replaced; unchanged where there is none."""
    return _ESCAPE.sub(lambda found: r"\ufffd" if found["half"] else found[0], text)
