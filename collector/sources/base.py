"""What a source is, what the code passes in to it, and the one registry of kinds.

A source is settings and a cursor in, batches of raw records out. It stores nothing and keeps no state of its own
between two pulls: whoever calls `pull` stores each batch together with the cursor it carries.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from collector.errors import ConfigError
from collector.kinds import first_mistake, resolve
from collector.sources.quota import Quotas
from collector.stopping import pause

if TYPE_CHECKING:
    from collector.records import RawBatch

__all__ = [
    "SOURCES",
    "Settings",
    "Source",
    "SourceConfig",
    "SourceKind",
    "build_sources",
    "parse_source_config",
    "process_settings",
]

Cursor = dict[str, Any]


class Source(Protocol):
    """Where raw records are pulled from. `name` is unique in a configuration: cursors are stored under it."""

    @property
    def name(self) -> str:
        """The name given in config.yaml."""
        ...

    def pull(self, *, since_ns: int | None, until_ns: int, cursor: Cursor | None) -> "Iterator[RawBatch]":
        """Everything that arrived since the cursor and before until_ns, batch by batch.

        A batch's cursor is stored in the same transaction as its records; a pull that is cut off anywhere and
        started again from the stored cursor loses nothing and may repeat some records, which the store removes.
        since_ns reaches back further than the cursor did; it never skips what the cursor has not read yet.
        Raises SourceUnavailable when trying again later may help, SourceError when it will not.
        """
        ...


class Settings(Struct, frozen=True):
    """What code passes in to every source of one process: clocks, waiting, chance and the shared read quotas."""

    now_ns: Callable[[], int] = time.time_ns
    monotonic_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = pause  # raises Stopped when work is to end
    chance: Callable[[], float] = random.random  # in [0, 1), for jitter
    quotas: Quotas = field(default_factory=Quotas)
    longest_ns: int | None = None  # of a source's time that one pull reads beyond its cursor; None: all that is due
    cut_short: Callable[[], None] = lambda: None  # called where that leaves something for the next pull


class SourceConfig(BaseModel):
    """What a user writes for any source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    name: str = Field(min_length=1, max_length=200)


class SourceKind(Struct, frozen=True):
    """Dotted names of a kind's config class and source class; the module is imported when it is asked for."""

    config: str
    source: str


SOURCES: dict[str, SourceKind] = {
    "cloud_logging": SourceKind(
        config="collector.sources.cloud_logging.CloudLoggingConfig",
        source="collector.sources.cloud_logging.CloudLogging",
    ),
    "cloud_run": SourceKind(
        config="collector.sources.cloud_run.CloudRunConfig",
        source="collector.sources.cloud_run.CloudRun",
    ),
    "cloud_trace": SourceKind(
        config="collector.sources.cloud_trace.CloudTraceConfig",
        source="collector.sources.cloud_trace.CloudTrace",
    ),
    "jaeger": SourceKind(
        config="collector.sources.jaeger.JaegerConfig",
        source="collector.sources.jaeger.Jaeger",
    ),
    "tempo": SourceKind(
        config="collector.sources.tempo.TempoConfig",
        source="collector.sources.tempo.Tempo",
    ),
}


@cache
def process_settings() -> Settings:
    """The settings of this process: real clocks, and one book of read quotas that all its sources share."""
    return Settings()


def parse_source_config(raw: Mapping[str, Any], *, where: str) -> SourceConfig:
    """The config of one source as config.yaml has it; `where` is its key path, for example `sources[1]`.

    Raises ConfigError that names the key and lists what is known.
    """
    kind = raw.get("kind")
    if not isinstance(kind, str) or kind not in SOURCES:
        known = ", ".join(sorted(SOURCES))
        raise ConfigError(f"{where}.kind is `{kind}`; known kinds: {known}. Correct the spelling.")
    config_class = resolve(SOURCES[kind].config)
    try:
        config: SourceConfig = config_class.model_validate(dict(raw))
    except ValidationError as error:
        raise ConfigError(first_mistake(error, config_class, where, shown=lambda given: str(given)[:80])) from error
    return config


def build_sources(configs: Iterable[SourceConfig], settings: Settings | None = None) -> list[Source]:
    """One source a config, in their order. Raises ConfigError when two sources bear one name."""
    wanted = list(configs)
    seen: set[str] = set()
    for config in wanted:
        if config.name in seen:
            raise ConfigError(
                f"Two sources are named `{config.name}`; each name holds one cursor. Give one another name."
            )
        seen.add(config.name)
    shared = settings or process_settings()
    return [resolve(SOURCES[config.kind].source)(config, shared) for config in wanted]
