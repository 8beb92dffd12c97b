"""What a window misses: an end that is not read yet, hours of silence, sources and deploys that failed. No I/O."""

from collections.abc import Sequence

import numpy as np

from classifiers.history import History
from classifiers.lineage import never_worked
from collector.window import NS_PER_S, format_ns

__all__ = ["deploy_gaps", "late_end", "silences", "source_gaps"]

_LATE_NS = 60 * NS_PER_S  # entries come in some seconds after they happened: less is no gap
_SILENT_MIN = 60  # minutes without a sign of any service, from which that is told
_EXPECTED = 20.0  # signs that so long a silence should have had at the mean rate: fewer prove nothing
_NAMED = 3


def late_end(complete_until_ns: int | None, history: History) -> list[str]:
    """The end of the window that not every source has been read to: what is new there shows later."""
    end_ns = history.window.end_ns
    if complete_until_ns is None or end_ns - complete_until_ns < _LATE_NS:
        return []
    minutes = max((end_ns - max(complete_until_ns, history.window.start_ns)) // _LATE_NS, 1)
    return [f"the last {minutes} min of the window are not read to their end: failures in them may be missing"]


def silences(history: History, complete_until_ns: int | None) -> list[str]:
    """The longest time of the window in which nothing of any service is stored, where that is out of the ordinary."""
    exposure, window = history.exposure, history.window
    grids = [grid(*name) for name in exposure.services() for grid in (exposure.service, exposure.instance_minutes)]
    if not grids:
        return []
    line = grids[0].timeline
    total = np.sum([grid.total for grid in grids], axis=0)
    first = max(int((window.start_ns - line.start_ns) // line.bin_ns), 0)
    until_ns = min(window.end_ns, complete_until_ns or window.end_ns)
    last = min(int((until_ns - line.start_ns) // line.bin_ns), len(total))
    seen = total[first:last] > 0
    if not seen.any():
        return []
    edges = np.flatnonzero(np.diff(np.concatenate([[1], seen.astype(np.int8), [1]])))
    begins, ends = edges[::2], edges[1::2]
    if not len(begins):
        return []
    longest = int(np.argmax(ends - begins))
    begin, end = int(begins[longest]), int(ends[longest])
    expected = float(total[first:last].sum()) / (last - first) * (end - begin)
    if (end - begin) * line.bin_minutes < _SILENT_MIN or expected < _EXPECTED:
        return []
    began, ended = (format_ns(line.start_ns + (first + at) * line.bin_ns) for at in (begin, end))
    return [f"nothing of any service is stored from {began} to {ended}: nothing happened, or it was not collected"]


def deploy_gaps(history: History) -> list[str]:
    """Deploys of the window that failed: they are no revisions, and served nobody."""
    window = history.window
    failed = [
        one.revision
        for one in history.revisions
        if never_worked(one) and one.failed_ns is not None and window.start_ns <= one.failed_ns < window.end_ns
    ]
    if not failed:
        return []
    many = "1 deploy" if len(failed) == 1 else f"{len(failed)} deploys"
    named = ", ".join(sorted(failed)[:_NAMED]) + (f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else "")
    return [f"{many} failed and served nobody, `logtriage revisions` tells why: {named}"]


def source_gaps(failed: Sequence[tuple[str, int]]) -> list[str]:
    """Sources whose last pull failed before it reached the end of the window."""
    return [
        f"source {name} was not read to the end of the window: its last pull, at {format_ns(at_ns)}, failed"
        for name, at_ns in failed
    ]
