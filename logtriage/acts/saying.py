"""Commands by which a person has a say: settle and regroup."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from classifiers.findings import Absence, Cluster, Findings, Latency
from logtriage import pipeline
from logtriage.acts.asked import shown_progress, window_of
from logtriage.config import load_config
from logtriage.lookup import Lookup
from logtriage.output import show
from logtriage.record_view import claim_lines, said_line
from logtriage.regroup_view import regroup_bytes, view_regroup
from logtriage.templating import fill
from logtriage.terminal_regroup import draw_regroup
from logtriage.wording import Near

if TYPE_CHECKING:
    from classifiers.record import Outcome

__all__ = ["act_regroup", "act_settle"]


def act_settle(  # noqa: PLR0913 - one argument an option of the contract
    config: Path | None, db: Path | None, *, name: str, outcome: "Outcome | None", revision: str | None, note: str,
    since: str | None, until: str | None,
) -> None:  # fmt: skip
    """A person's word on the verdict on a finding, and the record; without a word, what was told and settled so far."""
    loaded = load_config(config, db=db)
    window, end_ns = window_of(since, until, loaded.report.window_hours)

    def choose(findings: Findings, stands_for: Callable[[str], tuple[str, ...]], /) -> Cluster | Latency | Absence:
        lookup = Lookup(findings)
        return lookup.root_of(
            lookup.silent(name) or lookup.named(name, stands_for=stands_for, also=lookup.silent_ids())
        )

    if outcome is None:
        found, findings, claims = pipeline.claims(loaded, window=window, now_ns=end_ns, choose=choose)
        show("".join(f"{line}\n" for line in claim_lines(found, claims, Near.of(findings.window))))
        return
    result = pipeline.settle(
        loaded, window=window, now_ns=end_ns, said_ns=time.time_ns(), choose=choose, outcome=outcome,
        revision=revision, note=note,
    )  # fmt: skip
    show(f"{said_line(result.found, result.said, is_past=until is not None)}\n")


def act_regroup(config: Path | None, db: Path | None, *, is_preview: bool, form: str) -> None:
    """What the rules of config.yaml make of all history; without a preview history is signed anew where that is due."""
    loaded = load_config(config, db=db)
    with shown_progress() as progress:
        result = pipeline.regroup(loaded, is_preview=is_preview, now_ns=time.time_ns(), progress=progress)
    if form == "json":
        show(regroup_bytes(result).decode())
        return
    view = view_regroup(result, is_preview=is_preview)
    show(fill("regroup.md.j2", view, loaded.report.templates) if form == "markdown" else draw_regroup(view))
