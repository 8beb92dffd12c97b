"""Where in the code to look: file and line of the innermost frame of the application, what changed there. No I/O."""

import re

from classifiers.findings import Attribution, Cluster
from classifiers.frames import read_trace
from logtriage.escape import plain
from logtriage.lookup import Lookup
from logtriage.shell import Command, quoted
from logtriage.wording import short_revision

__all__ = ["code_commands"]

_FILE = re.compile(
    r"(?<![\w.@/\\-])([\w.@/\\-]{1,300}\.(?:py|js|mjs|cjs|jsx|ts|tsx|go|java|kt|scala|rb|php|cs|rs|ex|exs|swift))"
    r"\"?(?:, line |:|\()(\d+)",
    re.ASCII,
)
_DIGITS = 12  # of a commit
_SAMPLE = 8_000  # characters looked through
_DEEP = 2  # folders that a path names beside its file


def code_commands(cluster: Cluster, blamed: Attribution | None, lookup: Lookup) -> list[Command]:
    """What changed in the file that failed, between the images where their commits are known; else its last changes."""
    trace = read_trace(cluster.sample[:_SAMPLE])
    frames = trace.leaf.in_app(1) if trace else ()
    place = _file_of(frames[0], cluster.sample[:_SAMPLE]) if frames else None
    if not frames or place is None:
        return []
    path, line = place
    where = f"{plain(frames[0], 120)}, {plain(path, 120)} line {line}"
    spec = quoted(f":(glob)**/{path}")
    before, after = (_commit(blamed, name, lookup) for name in ("good_revision", "revision"))
    if before and after and before != after:
        return [Command(f"See what changed where it fails: {where}", f"git diff {before}..{after} -- {spec}")]
    own = after or _serving_commit(cluster, lookup)
    at = f" in {short_revision(blamed.revision, blamed.service)}" if blamed and after else ""
    return [Command(f"Look at the code: {where}{at}", f"git log -p -3 {f'{own} ' if own else ''}-- {spec}")]


def _file_of(frame: str, sample: str) -> tuple[str, str] | None:
    """Path and line of the last place in the text whose file has the name of the frame's module."""
    parts = re.split(r"[./\\$:]", frame.partition(":")[0])
    wanted = {part.lower() for part in parts if part}
    found = [match for match in _FILE.finditer(sample) if _stem(match.group(1)) in wanted]
    if not found:
        return None
    best = max(found, key=lambda match: sum(part.lower() in wanted for part in re.split(r"[/\\.]", match.group(1))))
    steps = [step for step in re.split(r"[/\\]", best.group(1)) if step not in {"", "."}]
    return "/".join(
        steps[1:][-_DEEP:] if len(steps) > 1 and best.group(1).startswith("/") else steps[-_DEEP:]
    ), best.group(2)


def _stem(path: str) -> str:
    return re.split(r"[/\\]", path)[-1].partition(".")[0].lower()


def _commit(blamed: Attribution | None, which: str, lookup: Lookup) -> str:
    if blamed is None:
        return ""
    name = blamed.good_revision if which == "good_revision" else blamed.revision
    found = lookup.revision(blamed.service, name or "")
    return _bare(found.commit) if found else ""


def _serving_commit(cluster: Cluster, lookup: Lookup) -> str:
    """The commit of the revision on which it was seen last."""
    failing = [row for row in cluster.per_revision if row.failures and row.last_ns is not None]
    last = max(failing, key=lambda row: row.last_ns or 0, default=None)
    found = lookup.revision(last.service, last.revision) if last else None
    return _bare(found.commit) if found else ""


def _bare(commit: str) -> str:
    """A commit as git takes it; what is no commit is none."""
    return commit[:_DIGITS] if re.fullmatch(r"[0-9a-fA-F]{7,64}", commit) else ""
