"""The page of `logtriage regroup` drawn for a terminal."""

from rich.text import Text

from logtriage.regroup_view import RegroupView
from logtriage.terminal import WIDTH, Page

__all__ = ["draw_regroup"]

_PROPOSALS_SHOWN = 8


def draw_regroup(view: RegroupView, width: int = WIDTH) -> Text:
    """Verdict, signatures, each rule, then what may be merged and the lines for config.yaml."""
    page = Page(width)
    page.row(view.title)
    page.row(view.verdict, "bold")
    page.gap()
    for text in view.signing:
        page.row(text, indent=1, hang=3)
    for effect in view.effects:
        page.heading(effect.heading)
        for text in effect.before:
            page.row(text, "dim", indent=2, hang=4)
        for text in effect.after:
            page.row(f"-> {text}", indent=2, hang=5)
    if view.warnings:
        page.heading("RULES THAT DO NOT DO WHAT THEY SAY")
        for text in view.warnings:
            page.row(text, "yellow", indent=2, hang=4)
    _draw_proposals(page, view)
    return page.text


def _draw_proposals(page: Page, view: RegroupView) -> None:
    if view.proposals:
        page.heading("ALIKE, AND NOT MERGED: to merge some, paste their lines into " + view.where)
    for number, one in enumerate(view.proposals[:_PROPOSALS_SHOWN], start=1):
        page.gap()
        page.row(f"{number}. {one.heading}", hang=3)
        page.row(one.note, indent=3)
        for name, text in one.members:
            page.row(f"{name}  {text}", indent=5, hang=7)
        if one.more:
            page.row(one.more, indent=5)
        for line in one.lines:
            page.append(Text(f"    {line}\n", style="green"))  # never broken: it is there to be copied
    left = len(view.proposals) - _PROPOSALS_SHOWN
    if left > 0:
        page.gap()
        page.row(f"{left:,} more: --format markdown lists them")
    if view.nothing or view.kept_apart:
        page.gap()
    if view.nothing:
        page.row(view.nothing)
    if view.kept_apart:
        page.row(f"{view.kept_apart}: they are not proposed")
