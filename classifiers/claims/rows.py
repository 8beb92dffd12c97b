"""Counted rows that a claim is held against: asked of the store once each, by service and revision."""

from collections.abc import Collection, Sequence
from typing import Any

import polars as pl
from msgspec import Struct, field

from classifiers.service_names import plain_name
from collector.store import Reader
from collector.window import Window

__all__ = ["Asker", "Rows", "Scope", "full_services", "like_pattern"]

_SAMPLE = 5


class Rows(Struct, frozen=True):
    """Rows counted by project, service and revision; `query` gave them."""

    frame: pl.DataFrame
    query: str

    def of(self, services: Collection[str], revisions: Collection[str]) -> "Rows":
        """Those of some services and revisions; no names are all."""
        frame = self.frame
        if services:
            frame = frame.filter(pl.col("service").is_in(sorted(services)))
        if revisions:
            frame = frame.filter(pl.col("revision").is_in(sorted(revisions)))
        return Rows(frame, self.query)

    def sum(self, column: str) -> int:
        """The sum of a column; 0 without rows."""
        return int(self.frame[column].sum() or 0)

    @property
    def first_ns(self) -> int | None:
        """When the first of them was written."""
        return None if self.frame.is_empty() else int(self.frame["first_ns"].min())  # type: ignore[arg-type] # of integers

    @property
    def last_ns(self) -> int | None:
        """When the last of them was written."""
        return None if self.frame.is_empty() else int(self.frame["last_ns"].max())  # type: ignore[arg-type] # as above

    def ids(self, column: str = "insert_ids") -> tuple[str, ...]:
        """At most five ids, the first written first."""
        if column not in self.frame.columns:
            return ()
        every = [one for ids in self.frame.sort("first_ns")[column].to_list() for one in ids or [] if one]
        return tuple(dict.fromkeys(every))[:_SAMPLE]

    @property
    def revisions(self) -> tuple[str, ...]:
        """Revisions that wrote them, sorted."""
        return tuple(sorted({name for name in self.frame["revision"].to_list() if name}))


class Scope(Struct, frozen=True):
    """Where and when a claim is about; services and revisions by their full names, none for all."""

    window: Window
    services: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()


class Asker(Struct):
    """Asks the store; the same question is asked once. Only rows received before now_ns count."""

    reader: Reader
    now_ns: int
    _told: dict[tuple[Any, ...], Rows] = field(default_factory=dict)

    def entries(self, window: Window, **wanted: Any) -> Rows:
        """Entries by pattern, low and high (status), path, severity or insert_ids."""
        params = {"pattern": None, "low": None, "high": None, "path": None, "severity": None, "insert_ids": None}
        return self._rows("count_claimed_entries", window, **(params | wanted))

    def events(self, window: Window, event: str | None) -> Rows:
        """Business events of a name, or all."""
        return self._rows("count_claimed_events", window, event=event)

    def scope(self, window: Window) -> Rows:
        """Everything that was logged and asked."""
        return self._rows("count_claim_scope", window)

    def health(self, window: Window, paths: str) -> Rows:
        """Requests to paths of health checks; `requests` counts those that were answered with success."""
        return self._rows("count_claimed_checks", window, paths=paths)

    def latency(self, scope: Scope, path: str | None) -> pl.DataFrame:
        """One row: how long the requests of a scope took."""
        services, revisions = ([*names] or None for names in (scope.services, scope.revisions))
        window = scope.window
        return self.reader.frame(
            "count_claimed_latency", start_ns=window.start_ns, end_ns=window.end_ns, now_ns=self.now_ns, path=path,
            services=services, revisions=revisions,
        )  # fmt: skip

    def _rows(self, query: str, window: Window, **params: Any) -> Rows:
        ids = params.get("insert_ids")
        hashed = tuple((name, tuple(ids) if name == "insert_ids" and ids else value) for name, value in params.items())
        key = (query, window.start_ns, window.end_ns, hashed)
        if key not in self._told:
            frame = self.reader.frame(
                query, start_ns=window.start_ns, end_ns=window.end_ns, now_ns=self.now_ns, **params
            )
            self._told[key] = Rows(frame, query)
        return self._told[key]


def like_pattern(text: str) -> str:
    """A pattern of LIKE that a text with dots for what was left out stands for."""
    parts = [part.strip() for part in text.replace("…", "...").split("...")]
    escaped = [part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for part in parts if part]
    return f"%{'%'.join(escaped)}%"


def full_services(names: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    """The services that a name means: one in several locations is several."""
    return tuple(sorted(one for one in known if one in names or plain_name(one) in names))
