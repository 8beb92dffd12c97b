"""What a window misses: an end that is not read yet, deploys that failed. No I/O."""

from classifiers.history import History
from classifiers.lineage import never_worked
from collector.window import NS_PER_S

__all__ = ["deploy_gaps", "late_end"]

_LATE_NS = 60 * NS_PER_S  # entries come in some seconds after they happened: less is no gap
_NAMED = 3


def late_end(complete_until_ns: int | None, history: History) -> list[str]:
    """The end of the window that not every source has been read to: what is new there shows later."""
    end_ns = history.window.end_ns
    if complete_until_ns is None or end_ns - complete_until_ns < _LATE_NS:
        return []
    minutes = max((end_ns - max(complete_until_ns, history.window.start_ns)) // _LATE_NS, 1)
    return [f"the last {minutes} min of the window are not read to their end: failures in them may be missing"]


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
