"""Commands by which a person puts a failure away for a time, looks at what is put away, and takes it back."""

import time
from collections.abc import Callable
from pathlib import Path

from classifiers.findings import Absence, Cluster, Findings, Latency
from logtriage.acts.asked import analyse_window, window_of
from logtriage.config import load_config
from logtriage.errors import WrongUsage
from logtriage.lookup import Lookup
from logtriage.mute_view import lifted_line, mute_rows, muted_lines
from logtriage.muting import lift, mute, until_of
from logtriage.output import show
from logtriage.terminal import draw_table
from logtriage.wording import Near

__all__ = ["act_mute"]


def act_mute(  # noqa: PLR0913 - one argument an option of the contract
    config: Path | None, db: Path | None, *, name: str | None, duration: str | None, until: str | None, why: str,
    is_list: bool, lifted: str | None, since: str | None, at: str | None,
) -> None:  # fmt: skip
    """A finding put away, the list of mutes, or one of them lifted. What is done with `at` is done as if then."""
    if sum((name is not None, is_list, lifted is not None)) != 1:
        raise WrongUsage("mute takes one of three: a FINDING, --list, or --lift ID. See `logtriage mute --help`.")
    if name is None and (duration is not None or until is not None or why):
        raise WrongUsage("--for, --until and --why go with a FINDING only. Leave them out.")
    loaded = load_config(config, db=db)
    window, end_ns = window_of(since, at, loaded.report.window_hours)
    said_ns = time.time_ns() if at is None else end_ns - 1  # so that a report up to then knows it
    near = Near.of(window)
    if is_list:
        rows = mute_rows(analyse_window(loaded, since, at, loaded.report.window_hours), near, is_list=True)
        show(draw_table(("muted", ""), rows) if rows else "Nothing is muted.\n")
        return
    if lifted is not None:
        done = lift(loaded, window=window, name=lifted, made_at_ns=said_ns)
        show("".join(f"{lifted_line(one)}\n" for one in done))
        return
    until_ns = until_of(duration, until, now_ns=time.time_ns() if at is None else end_ns)
    wanted = name or ""

    def choose(findings: Findings, stands_for: Callable[[str], tuple[str, ...]], /) -> Cluster | Latency | Absence:
        lookup = Lookup(findings)
        return lookup.silent(wanted) or lookup.named(wanted, stands_for=stands_for, also=lookup.silent_ids())

    result = mute(
        loaded, window=window, now_ns=end_ns, choose=choose, until_ns=until_ns, made_at_ns=said_ns, reason=why
    )
    show("".join(f"{line}\n" for line in muted_lines(result.mute, result.replaced, near)))
