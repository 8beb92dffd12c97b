"""Names for the numbers in which queries count requests: millions of rows, each with the same few names.

A column of names is an Enum: a number a row, and the names once.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from collector.store import Reader

__all__ = ["RequestNames", "read_request_names"]

_ORIGINS = ("health_checks", "scanners", "tests", "unknown", "users")  # in the order of create_request_rows


class RequestNames:
    """The places, routes and user agents of one reader's request_rows."""

    def __init__(self, places: pl.DataFrame, routes: pl.DataFrame, agents: pl.DataFrame) -> None:
        """Frames of find_request_places, find_origin_routes and find_origin_agents."""
        self._places = places
        self._routes: list[str] = routes["route"].to_list()
        self._agents: list[str] = ["", *agents["user_agent"]]  # their numbers begin with 1

    def exposed(self, counts: pl.DataFrame) -> pl.DataFrame:
        """Rows of count_exposure with project, service, revision, route and origin in place of their numbers."""
        return counts.select(*self._named(counts), _column("origin", counts["origin"], _ORIGINS), "minute", "requests")

    def called(self, counts: pl.DataFrame) -> pl.DataFrame:
        """Rows of count_caller_requests with project, service, revision, route and agent in place of their numbers."""
        agent = _column("agent", counts["agent"], self._agents)
        return counts.select(*self._named(counts), "client", agent, "minute", "requests")

    def _named(self, counts: pl.DataFrame) -> list[pl.Series]:
        place = counts["place"]
        told = [_column(name, place, self._places[name].to_list()) for name in ("project", "service", "revision")]
        methods = self._places["http_method"].to_list()
        known = sorted(set(methods))
        which = np.array([known.index(one) for one in methods] or [0])
        routes = [f"{method} {route}" for method in known for route in self._routes]
        both = which[place.to_numpy()] * len(self._routes) + counts["route"].to_numpy()
        return [*told, _column("route", pl.Series(both), routes)]


def read_request_names(reader: Reader) -> RequestNames:
    """The names of what is laid beside a reader."""
    return RequestNames(
        reader.frame("find_request_places"), reader.frame("find_origin_routes"), reader.frame("find_origin_agents")
    )


def _column(name: str, numbers: pl.Series, names: Sequence[str]) -> pl.Series:
    """The names at these places of a list, which may hold one name more than once."""
    known = sorted(set(names))
    place = {one: at for at, one in enumerate(known)}
    codes = np.array([place[one] for one in names] or [0], dtype=np.uint32)
    return pl.Series(name, codes[numbers.to_numpy()]).cat.to(pl.Enum(known))
