"""Everything that `logtriage doctor` looks at, in the order in which a person would. Changes nothing."""

from collections.abc import Iterator
from pathlib import Path

from collector.sources.base import Settings
from logtriage.errors import ConfigError
from logtriage.progress import Progress
from logtriage.setup.check_channels import check_channels
from logtriage.setup.check_google import look_at_google
from logtriage.setup.check_place import check_place
from logtriage.setup.check_running import check_running
from logtriage.setup.check_settings import check_beside, check_config
from logtriage.setup.check_sources import check_sources
from logtriage.setup.checks import Check, of_error
from logtriage.setup.endpoints import read_endpoints
from logtriage.store_check import check_store

__all__ = ["examine"]


def examine(
    path: Path | None, db: Path | None, *, settings: Settings, progress: Progress, is_whole_store: bool, repair: bool
) -> tuple[Check, ...]:  # fmt: skip
    """All checks. Where the settings cannot be used nothing else is looked at: there is nothing to look at.

    `is_whole_store` looks at every block and sum of the database too, which takes a while; `repair` mends it first.
    """
    return tuple(_checks(path, db, settings, progress, is_whole_store=is_whole_store, repair=repair))


def _checks(
    path: Path | None, db: Path | None, settings: Settings, progress: Progress, *, is_whole_store: bool, repair: bool
) -> Iterator[Check]:  # fmt: skip
    progress.start(None)
    config, checks = check_config(path, db)
    yield from checks
    if config is None:
        return
    yield from check_beside(config)
    progress.advance("the database", 0.1)
    found = check_store(config, repair=repair) if is_whole_store or repair else ()  # first: it may mend the place
    yield from check_place(config)
    yield from (Check(f"store {one.name}", one.state, one.what.rstrip("."), one.todo) for one in found)
    yield from check_running(config)
    progress.advance("credentials", 0.3)
    try:
        look = look_at_google(config, read_endpoints())
    except ConfigError as error:
        yield of_error("credentials", error)
        return
    yield from look.checks

    def advance(name: str) -> None:
        progress.advance(name, 0.6)

    yield from check_sources(config, settings, is_offline=look.is_offline, advance=advance)
    yield from check_channels(config, advance=advance)
