"""Exposure: what could have failed, per service, revision, route and origin, on a common grid of time.

Requests are counted; of a service that logs none, the minutes in which its instances wrote anything. Never lines.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from collector.window import NS_PER_S

__all__ = ["Exposure", "Grid", "Timeline"]

_MINUTE_NS = 60 * NS_PER_S
_BINS = 4000  # at most, so that two weeks of many revisions stay small
_FLOOR = 1e-9  # exposure that a bin without requests still has, so that time goes on


@dataclass(frozen=True, slots=True)
class Timeline:
    """Equal bins of whole minutes over [start_ns, end_ns)."""

    start_ns: int
    end_ns: int
    bin_minutes: int

    @classmethod
    def over(cls, start_ns: int, end_ns: int) -> "Timeline":
        """The finest timeline of at most 4,000 bins, aligned to whole minutes."""
        first = start_ns // _MINUTE_NS
        minutes = -(-end_ns // _MINUTE_NS) - first
        return cls(first * _MINUTE_NS, end_ns, max(1, -(-minutes // _BINS)))

    @property
    def bin_ns(self) -> int:
        """Length of a bin."""
        return self.bin_minutes * _MINUTE_NS

    @property
    def bins(self) -> int:
        """Number of bins."""
        return max(1, -(-(self.end_ns - self.start_ns) // self.bin_ns))

    def bin_of(self, at_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bin of each instant; instants outside go to the nearest one."""
        return np.clip((at_ns - self.start_ns) // self.bin_ns, 0, self.bins - 1)


@dataclass(frozen=True)
class Grid:
    """Exposure of one service by revision and bin; `unit` is what is counted."""

    timeline: Timeline
    unit: Literal["requests", "traces", "minutes", "entries"]
    by_revision: Mapping[str, NDArray[np.float64]]

    @cached_property
    def total(self) -> NDArray[np.float64]:
        """Exposure of all revisions together, per bin."""
        return np.sum(list(self.by_revision.values()), axis=0) if self.by_revision else np.zeros(self.timeline.bins)

    @cached_property
    def _edges(self) -> NDArray[np.float64]:
        return np.concatenate([[0.0], np.cumsum(self.total + _FLOOR)])

    def clock(self, at_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Exposure that had passed at each instant, spread evenly within a bin."""
        position = (np.asarray(at_ns, dtype=np.float64) - self.timeline.start_ns) / self.timeline.bin_ns
        return np.interp(position, np.arange(len(self._edges)), self._edges)

    def share(self, revision: str) -> NDArray[np.float64]:
        """Share of the revision in each bin; bins without exposure take the share of the bin before."""
        own = self.by_revision.get(revision, np.zeros(self.timeline.bins))
        total = self.total
        known = np.where(total > 0, np.arange(len(total)), -1)
        last = np.maximum.accumulate(known)
        share = np.divide(own, total, out=np.zeros_like(own), where=total > 0)
        return np.where(last >= 0, share[np.maximum(last, 0)], 0.0)

    def steady(self) -> "Grid":
        """One and the same exposure in every bin since the first that had any: time itself."""
        began = np.maximum.accumulate(self.total > 0)
        return Grid(self.timeline, self.unit, {"": began * float(self.timeline.bin_minutes)})

    def leaders(self) -> tuple[list[str], NDArray[np.int64]]:
        """Revisions, and the place of the one with most exposure in each bin; -1 before there was any."""
        names = sorted(self.by_revision)
        if not names:
            return [], np.full(self.timeline.bins, -1)
        stacked = np.stack([self.by_revision[name] for name in names])
        best = np.where(stacked.sum(axis=0) > 0, stacked.argmax(axis=0), -1)
        last = np.maximum.accumulate(np.where(best >= 0, np.arange(len(best)), -1))
        return names, np.where(last >= 0, best[np.maximum(last, 0)], -1)


class Exposure:
    """All exposure of a history, asked for by service, routes and origins."""

    def __init__(self, requests: pl.DataFrame, minutes: pl.DataFrame, timeline: Timeline) -> None:
        """Frames of count_exposure and count_instance_minutes."""
        self.timeline = timeline
        self._requests = {
            (str(key[0]), str(key[1])): frame
            for key, frame in requests.partition_by("project", "service", as_dict=True).items()
        }
        self._minutes = {
            (str(key[0]), str(key[1])): frame
            for key, frame in minutes.partition_by("project", "service", as_dict=True).items()
        }
        self._service_grids: dict[tuple[str, str], Grid] = {}

    def services(self) -> list[tuple[str, str]]:
        """Project and name of every service that was exposed."""
        return sorted({*self._requests, *self._minutes})

    def has_requests(self, project: str, service: str) -> bool:
        """Whether the service logs requests."""
        return (project, service) in self._requests

    def service(self, project: str, service: str) -> Grid:
        """Exposure of a service to anybody but health checks and scanners, where it has such."""
        key = (project, service)
        if key not in self._service_grids:
            found = self.matched(project, service, origins=("users", "tests", "unknown"))
            if found.unit == "requests" and not found.total.any():
                found = self.matched(project, service)
            self._service_grids[key] = found
        return self._service_grids[key]

    def matched(
        self, project: str, service: str, *, routes: Collection[str] = (), origins: Collection[str] = ()
    ) -> Grid:
        """Requests of a service on these routes and of these origins (empty: all of them), else its minutes."""
        frame = self._requests.get((project, service))
        if frame is None:
            return self.instance_minutes(project, service)
        if routes:
            frame = frame.filter(pl.col("route").is_in(sorted(routes)))
        if origins:
            frame = frame.filter(pl.col("origin").is_in(sorted(origins)))
        return Grid(self.timeline, "requests", self._spread(frame, "requests"))

    def instance_minutes(self, project: str, service: str) -> Grid:
        """Minutes in which instances of the service wrote anything."""
        frame = self._minutes.get((project, service))
        return Grid(self.timeline, "minutes", {} if frame is None else self._spread(frame, "instances"))

    def _spread(self, frame: pl.DataFrame, column: str) -> dict[str, NDArray[np.float64]]:
        """One array of counts per revision."""
        spread: dict[str, NDArray[np.float64]] = {}
        for key, own in sorted(frame.partition_by("revision", as_dict=True).items(), key=lambda item: str(item[0])):
            counts = np.zeros(self.timeline.bins)
            places = self.timeline.bin_of(own["minute"].to_numpy() * _MINUTE_NS)
            np.add.at(counts, places, own[column].to_numpy().astype(np.float64))
            spread[str(key[0])] = counts
        return spread
