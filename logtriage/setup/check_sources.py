"""Checks of sources: a cheap call for each project, region or resource, as `collect` would make it. Stores nothing."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from typing import Any, cast

from collector.kinds import resolve
from collector.sources.base import SOURCES, Settings, SourceConfig, build_sources
from collector.window import NS_PER_S
from logtriage.config import Config
from logtriage.errors import ConfigError, LogtriageError
from logtriage.escape import plain
from logtriage.setup.checks import Check, of_error

__all__ = ["check_sources"]

_LOOK_S = 60  # of the past, that is asked for
_PATIENCE_S = 10.0  # somebody waits
_SHORT: dict[str, Any] = {"patience_s": _PATIENCE_S, "deadline_s": _PATIENCE_S, "page_size": 1}
_LISTS = {  # per kind: the keys whose items are asked for one by one, and how many answers it takes
    "cloud_run": (("projects", "locations"), 2),  # services, then revisions of the first
    "cloud_logging": (("resources",), 1),
    "cloud_trace": (("projects",), 1),
}


def check_sources(
    config: Config, settings: Settings, *, is_offline: bool, advance: Callable[[str], None]
) -> Iterator[Check]:
    """A check for each part of each source; `advance` is told the name of the one that is asked."""
    try:
        build_sources(config.sources, settings)  # two of one name
    except ConfigError as error:
        yield of_error("sources", error)
        return
    for source in config.sources:
        if is_offline:
            yield Check(f"source {source.name}", "warn", "was not asked: the network is gone", "Run it again later.")
            continue
        advance(source.name)
        for part, shown in _parts(source):
            yield _asked(part, shown, settings)


def _parts(source: SourceConfig) -> Iterator[tuple[SourceConfig, str]]:
    """The source narrowed to each thing that may be refused by itself, and how it is called."""
    keys, _ = _LISTS.get(source.kind, ((), 1))
    short = {key: value for key, value in _SHORT.items() if key in type(source).model_fields}
    parts: list[dict[str, Any]] = [{}]
    for key in keys:
        parts = [{**part, key: (one,)} for part in parts for one in getattr(source, key)]
    for part in parts:
        shown = "/".join(str(value[0]) for value in part.values()) or str(getattr(source, "url", source.kind))
        yield source.model_copy(update=short | part), shown


def _asked(source: SourceConfig, shown: str, settings: Settings) -> Check:
    """Its first answers; what they hold is dropped."""
    name, now_ns = f"source {source.name}", settings.now_ns()
    opened = resolve(SOURCES[source.kind].source)(source, settings)
    pull = cast("Any", opened.pull(since_ns=now_ns - _LOOK_S * NS_PER_S, until_ns=now_ns, cursor=None))
    try:
        with closing(pull):
            for _ in islice(pull, _LISTS.get(source.kind, ((), 1))[1]):
                pass
    except LogtriageError as error:
        return of_error(name, error)
    return Check(name, "ok", f"`{plain(shown, 200)}` answers")
