"""A checked analysis in words: one row a claim, then the sums; and the same as JSON. No I/O but through rich."""

import json
from pathlib import Path
from typing import Any

from msgspec import Struct
from rich.text import Text

from classifiers.claims.records import Checked, Mark
from collector.window import format_ns
from logtriage.checking import CheckResult
from logtriage.escape import plain
from logtriage.terminal import WIDTH, Page
from logtriage.wording import day_clock, join_words, plural

__all__ = ["CheckRow", "CheckView", "check_json", "check_schema", "draw_check", "view_check"]

_SIGNS: dict[Mark, str] = {"confirmed": "✓", "contradicted": "✗", "cannot tell": "?"}
_STYLES: dict[Mark, str] = {"confirmed": "green", "contradicted": "bold red", "cannot tell": "yellow"}
_QUOTE, _MEASURED, _MATCHED = 160, 400, 200
_SHOWN = 5


class CheckRow(Struct, frozen=True):
    """One claim: its sign and mark, where and what it says, what was measured, what it was matched to, its rows."""

    sign: str
    mark: Mark
    line: int
    kind: str
    quote: str
    measured: str
    matched: str
    rows: str
    first_rows: str  # the beginning of them


class CheckView(Struct, frozen=True):
    """A checked analysis: heads, rows in the order of the text, and sums."""

    title: str
    about: tuple[str, ...]
    rows: tuple[CheckRow, ...]
    summary: str
    notes: tuple[str, ...]


def view_check(result: CheckResult) -> CheckView:
    """The view of a result."""
    window = result.findings.window
    counts = {mark: sum(one.answer.mark == mark for one in result.checked) for mark in _SIGNS}
    told = ", ".join(f"{many:,} {mark}" for mark, many in counts.items())
    claims = plural(len(result.checked), "claim")
    bounds = f"{day_clock(window.start_ns)} -> {day_clock(window.end_ns)} UTC"
    about = [f"held against {bounds}, the window of {result.window_from}"]
    about += (
        [f"a sentence that names no failure is taken to be about: {plain(result.main, _MATCHED)}"]
        if result.main
        else []
    )
    return CheckView(
        title=f"{plain(result.name, 200)}: {told}" if result.checked else f"{plain(result.name, 200)}: no claim found",
        about=tuple(about),
        rows=tuple(_row(one) for one in result.checked),
        summary=f"{claims} in {plural(result.sentences, 'sentence')}: {told}",
        notes=_notes(result),
    )


def _notes(result: CheckResult) -> tuple[str, ...]:
    notes = [
        "what cannot be read as a count, share, time, revision, change, absence, cause or latency is no claim here"
    ]
    if result.skipped:
        notes.append(f"{plural(result.skipped, 'line')} of code blocks not read: quoted logs are no claims")
    if any(one.answer.mark == "cannot tell" for one in result.checked):
        notes.append("`cannot tell` says nothing against a claim: each says what is missing")
    return tuple(notes)


def _row(one: Checked) -> CheckRow:
    answer = one.answer
    first = [f"entries {', '.join(answer.entry_ids[:2])}"] if answer.entry_ids else []
    first += [f"revisions {join_words(answer.revisions[:2], 2)}"] if answer.revisions else []
    ids = [f"entries {join_words(answer.entry_ids[:_SHOWN], _SHOWN)}"] if answer.entry_ids else []
    ids += [f"traces {join_words(answer.trace_ids[:2], 2)}"] if answer.trace_ids else []
    ids += [f"revisions {join_words(answer.revisions[:_SHOWN], _SHOWN)}"] if answer.revisions else []
    ids += [f"query {answer.query}"] if answer.query else []
    return CheckRow(
        sign=_SIGNS[answer.mark],
        mark=answer.mark,
        line=one.claim.line,
        kind=one.claim.kind,
        quote=plain(one.claim.quote.replace("`", ""), _QUOTE),
        measured=plain(answer.measured, _MEASURED),
        matched=plain(answer.matched, _MATCHED),
        rows=plain("; ".join(ids), 600),
        first_rows=plain("; ".join([*first, *([f"query {answer.query}"] if answer.query else [])]), 300),
    )


def draw_check(view: CheckView, width: int = WIDTH) -> Text:
    """The view for a terminal: sign, line, claim, what was measured; then the sums."""
    page = Page(width)
    page.row(view.title, "bold", hang=4)
    for text in view.about:
        page.row(text, "dim", hang=2)
    if view.rows:
        page.gap()
    for row in view.rows:
        head = f"{row.sign} {row.line:>4}  "
        page.row(f"{head}{row.quote}", _STYLES[row.mark], hang=len(head))
        page.row(row.measured, indent=len(head), hang=len(head) + 2)
        if row.mark == "contradicted" and row.rows:
            page.row(row.first_rows, "dim", indent=len(head), hang=len(head) + 2)
    page.gap()
    page.row(view.summary, "bold", hang=2)
    for text in view.notes:
        page.row(text, "dim", hang=2)
    return page.text


def check_json(result: CheckResult) -> dict[str, Any]:
    """Plain JSON values: check_schema.json describes them."""
    window = result.findings.window
    return {
        "file": result.name,
        "window": {"start": format_ns(window.start_ns, digits=9), "end": format_ns(window.end_ns, digits=9)},
        "window_from": result.window_from,
        "about": result.main or None,
        "sentences": result.sentences,
        "code_lines_skipped": result.skipped,
        "counts": {mark.replace(" ", "_"): sum(one.answer.mark == mark for one in result.checked) for mark in _SIGNS},
        "claims": [_claim_json(one) for one in result.checked],
    }


def check_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of what check_json gives."""
    text = (Path(__file__).resolve().parent / "check_schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _claim_json(one: Checked) -> dict[str, Any]:
    claim, answer = one.claim, one.answer
    return {
        "line": claim.line,
        "kind": claim.kind,
        "quote": claim.quote,
        "mark": answer.mark,
        "measured": answer.measured,
        "matched": answer.matched or None,
        "query": answer.query or None,
        "entry_ids": list(answer.entry_ids),
        "trace_ids": list(answer.trace_ids),
        "revisions": list(answer.revisions),
    }
