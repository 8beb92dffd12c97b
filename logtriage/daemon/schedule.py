"""When jobs run: section `schedule` of config.yaml. No I/O.

A job has one text, read by its shape: a duration (`15m`), a cron line (`15 3 * * *`), `after JOB`, or `never`.
"""

from typing import Annotated, Self
from zoneinfo import ZoneInfo

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from collector.window import NS_PER_S, parse_duration_ns
from logtriage.daemon.cron import Cron, parse_cron
from logtriage.jobs import JobName

__all__ = ["WATCH_S", "After", "Every", "Never", "ScheduleConfig", "When", "parse_when"]

WATCH_S = 60.0  # the job `watch` is no setting: who does not look does not know that he is blind
_SHORTEST_S, _LONGEST_S = 1, 366 * 86_400
_NAMES: tuple[JobName, ...] = ("collect", "classify", "verify", "digest", "report", "retention")
_SHAPES = "it should be a duration (15m, 1h), a cron line (15 3 * * *), `after collect`, or never"


class Every(Struct, frozen=True):
    """So many seconds from one begin to the next."""

    seconds: float


class After(Struct, frozen=True):
    """Each time that another job has ended."""

    job: JobName


class Never(Struct, frozen=True):
    """Not at all."""


When = Every | Cron | After | Never


def parse_when(text: str) -> When:
    """What one text says; ValueError with the shapes that there are."""
    words = text.split()
    if words == ["never"]:
        return Never()
    if words[:1] == ["after"]:
        found = next((one for one in _NAMES if words[1:] == [one]), None)
        if found is None:
            raise ValueError(f"it should be `after` and one of {', '.join(_NAMES)}")
        return After(found)
    duration_ns = parse_duration_ns(text.strip())
    if duration_ns is not None:
        if not _SHORTEST_S * NS_PER_S <= duration_ns <= _LONGEST_S * NS_PER_S:
            raise ValueError("it should be between 1s and 366d")
        return Every(duration_ns / NS_PER_S)
    if len(words) > 1 and not words[0].isalpha():
        return parse_cron(text)
    raise ValueError(_SHAPES)


def _check_when(text: str) -> str:
    parse_when(text)
    return text


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("it should be a time zone such as UTC or Europe/Vienna") from error
    return name


def _check_slice(text: str) -> str:
    if (parse_duration_ns(text.strip()) or 0) < 600 * NS_PER_S:
        raise ValueError("it should be a duration of at least 10m, such as 24h")
    return text


_Text = Annotated[str, Field(max_length=200), AfterValidator(_check_when)]


class ScheduleConfig(BaseModel):
    """Section `schedule` of config.yaml: when the daemon does what."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    collect: _Text = "1h"
    classify: _Text = "after collect"
    verify: _Text = "15m"  # does nothing while nothing waits for proof
    digest: _Text = "after classify"
    report: _Text = "after classify"  # does nothing without report.files
    retention: _Text = "15 3 * * *"
    timezone: Annotated[str, AfterValidator(_check_zone)] = "UTC"  # of cron lines
    slice: Annotated[str, AfterValidator(_check_slice)] = "24h"  # of a source's time that one collect pulls at most

    @model_validator(mode="after")
    def _ends_somewhere(self) -> Self:
        """A chain of `after` that never begins is a mistake."""
        for name in _NAMES:
            seen: list[JobName] = [name]
            when = self.when(name)
            while isinstance(when, After):
                if when.job in seen:
                    raise ValueError(f"{' after '.join([*seen, when.job])} goes in a circle; give one a duration")
                seen.append(when.job)
                when = self.when(when.job)
            if isinstance(when, Never) and len(seen) > 1:
                raise ValueError(f"{name} is `after {seen[1]}`, which never runs; give {name} a duration, or never")
        return self

    def when(self, job: JobName) -> When:
        """When a job runs."""
        return Every(WATCH_S) if job == "watch" else parse_when(getattr(self, job))

    def followers(self, job: JobName) -> tuple[JobName, ...]:
        """Jobs that run when it has ended, in the order of the flow."""
        return tuple(one for one in _NAMES if self.when(one) == After(job))

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of cron lines."""
        return ZoneInfo(self.timezone)

    @property
    def slice_ns(self) -> int:
        """`slice` in nanoseconds."""
        return parse_duration_ns(self.slice.strip()) or 0
