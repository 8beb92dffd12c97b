"""A demo of what becomes of failures: looks as the daemon makes them, and what a channel would have been told when."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from classifiers.findings import Cluster, Findings
from collector.store import Store
from collector.window import NS_PER_S, Window, parse_instant_ns
from logtriage import pipeline
from logtriage.config import Config
from logtriage.errors import ConfigError
from logtriage.escape import plain
from logtriage.muting import mute
from logtriage.outbox import read_message
from logtriage.progress import Progress
from logtriage.wording import day_clock, plural

__all__ = ["live_through", "look_last", "story_lines"]

_CHANNEL = "demo"
_HOUR_NS = 3600 * NS_PER_S
_DAY_NS = 24 * _HOUR_NS
_AFTER_H = (1, 4)  # looks after each turn of a failure


def live_through(config: Config, truth: Mapping[str, Any], progress: Progress) -> int:
    """Looks on the hour after each turn that the truth tells, each stored; gives how many. None without courses."""
    start_ns, end_ns = (_ns(truth["window"][name]) for name in ("start", "end"))
    mutes = {_ns(row["muted"]): row["cluster"] for row in truth["courses"] if row["muted"]}
    looks = sorted({*_looks(truth["courses"], end_ns), *mutes})
    if not looks:
        return 0
    progress.start(len(looks))
    for at, now_ns in enumerate(looks, 1):
        progress.advance(f"look {at} of {len(looks)}", at / len(looks))
        window = Window(max(start_ns, now_ns - _DAY_NS), now_ns)
        if now_ns in mutes:
            choose = _leading(truth, mutes[now_ns])
            until_ns = now_ns + 7 * _DAY_NS
            mute(config, window=window, now_ns=now_ns, choose=choose, until_ns=until_ns, made_at_ns=now_ns - 1,
                 reason="known, mended with the next release")  # fmt: skip
        findings = pipeline.analyse(config, window=window, now_ns=now_ns)
        pipeline.remember(config, findings, channels=(_CHANNEL,))
    progress.done()
    return len(looks)


def look_last(config: Config, findings: Findings) -> None:
    """Stores the look at the end of the window, so that what became of a failure by then is told too."""
    pipeline.remember(config, findings, channels=(_CHANNEL,))


def story_lines(config: Config) -> tuple[str, ...]:
    """What a channel would have been told, oldest first: when, the message's title, and its news."""
    with Store(config.store).read_aside() as reader:
        rows = reader.frame("find_pending", channel=_CHANNEL).sort("made_at_ns", "seq")
    told = [read_message(text) for text in rows["message"]]
    told = [one for one in told if one.act in {"open", "change"}]
    lines = [f"TOLD WHEN: {plural(len(told), 'message')} of a digest, to one channel"]
    for one in told:
        lines.append(f" {day_clock(one.made_at_ns)}  {plain(one.title, 160)}")
        lines += [f"{'':14}{one.news}"] if one.act == "change" and one.news else []
    return tuple(lines)


def _looks(courses: Sequence[Mapping[str, Any]], end_ns: int) -> Iterator[int]:
    """Whole hours after every turn, within the window."""
    for course in courses:
        turns = [_ns(row[name]) for row in course["broken"] for name in ("from", "until") if row[name]]
        turns += [_ns(course["drained"])] if course["drained"] else []
        for turn_ns in turns:
            for hours in _AFTER_H:
                now_ns = (turn_ns // _HOUR_NS + 1 + hours) * _HOUR_NS
                if now_ns < end_ns:
                    yield now_ns


def _leading(truth: Mapping[str, Any], name: str) -> "pipeline.Choose":
    """The cluster that holds most entries of one of the truth."""
    wanted = set(next(row["insert_ids"] for row in truth["clusters"] if row["id"] == name))

    def choose(findings: Findings, stands_for: Callable[[str], tuple[str, ...]], /) -> Cluster:
        del stands_for
        best = max(findings.clusters, key=lambda one: len(wanted & set(one.insert_ids)), default=None)
        if best is None:
            raise ConfigError("The demo has no failure to mute yet. Try another seed.")
        return best

    return choose


def _ns(text: str) -> int:
    return parse_instant_ns(text, name="truth", now_ns=0)
