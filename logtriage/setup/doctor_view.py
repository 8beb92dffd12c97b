"""What `logtriage doctor` found, as lines for a terminal and as JSON. No I/O."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec.structs import asdict
from rich.text import Text

from logtriage.setup.checks import Check
from logtriage.terminal import Page
from logtriage.wording import plural

__all__ = ["checks_json", "draw_checks"]

_STYLES = {"ok": "", "warn": "yellow", "fail": "bold red"}
_NAME = 16  # characters of a name that fit into its column
_INDENT = 24  # where texts begin


def draw_checks(checks: Sequence[Check], width: int) -> Text:
    """A line a check, below it what to do; the sum of them last."""
    page = Page(width)
    for one in checks:
        head = f"{one.state:<4}  {one.name:<{_NAME}}  "
        wrapped = textwrap.wrap(
            one.told, width, initial_indent=head, subsequent_indent=" " * _INDENT,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        page.append(Text("".join(f"{line}\n" for line in wrapped), _STYLES[one.state]))
        if one.todo:
            page.append(Text(f"{' ' * _INDENT}-> {one.todo}\n"))  # never broken: it is there to be copied
    counts = Counter(one.state for one in checks)
    page.gap()
    told = f"{plural(len(checks), 'check')}: {counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed"
    page.row(told, "bold red" if counts["fail"] else "bold")
    return page.text


def checks_json(checks: Sequence[Check]) -> dict[str, Any]:
    """The same for programs: `ok` is false when a check failed."""
    counts = Counter(one.state for one in checks)
    return {
        "ok": not counts["fail"],
        "counts": {state: counts[state] for state in ("ok", "warn", "fail")},
        "checks": [asdict(one) for one in checks],
    }
