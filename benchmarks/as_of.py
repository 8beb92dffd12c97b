"""A reader for many looks at one store that does not change: what takes long is read once and cut to each look.

For benchmarks/replay.py alone. Rows of requests that failed are held; those of others that a detector asks for, and
what it counts, are read anew. Frames with a time are cut at the end of the look; frames that only say who calls whom,
and those that the report counts, are kept as they are at the end. All other queries go to the store.
"""

from collections.abc import Callable
from typing import Any, cast

import polars as pl

from collector.store import Reader

__all__ = ["as_of"]

_FAR_NS = 2**62
_MINUTE_NS = 60_000_000_000
_TIMES = {  # the column that says when a row came to be, and its unit in ns
    "find_failures": ("first_ns", 1),
    "count_exposure": ("minute", _MINUTE_NS),
    "count_instance_minutes": ("minute", _MINUTE_NS),
    "find_trace_requests": ("start_ns", 1),
    "find_trace_spans": ("start_ns", 1),
    "find_cluster_entries": ("at_ns", 1),
}
_KEPT = {"count_calls", "count_dead_reasons", "count_ledger", "count_spans", "count_window", "find_failed_traces",
         "find_forecasts", "find_migrations", "find_settlements", "find_waiting_batches",
         # what the numbers of counts stand for: of the tables that those were read from
         "find_request_places", "find_origin_routes", "find_origin_agents"}  # fmt: skip


def as_of(reader: Reader) -> Reader:
    """A reader with the same answers, up to what the module's first lines say."""
    return cast("Reader", _AsOf(reader))


class _AsOf:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._held: dict[str, pl.DataFrame] = {}
        self._laid: set[str] = set()

    def frame(self, query: str, **params: Any) -> pl.DataFrame:
        """Rows of a query as of its end."""
        if query in _KEPT:
            return self._once(query, lambda: self._reader.frame(query, **{**params, **_wide(params, ("end_ns",))}))
        if query not in _TIMES:
            return self._reader.frame(query, **params)
        column, unit = _TIMES[query]
        names = {name for name in params if name.endswith("s") and isinstance(params[name], list)}
        whole = self._once(query, lambda: self._whole(query, params, names))
        beyond = self._beyond(params["traces"]) if "traces" in names else []
        known = whole.filter(pl.col(column) * unit < params["end_ns"], *_since(query, params))
        for name, key in (("traces", "trace"), ("signature_ids", "signature_id")):
            if name in names:
                known = known.join(pl.DataFrame({key: params[name]}, schema={key: pl.String()}), on=key, how="semi")
        if not beyond:
            return known
        rest = self._reader.frame(query, **{**params, "traces": beyond})
        return pl.concat([known, rest]).sort(pl.all(), nulls_last=True)

    def is_empty(self, table: str) -> bool:
        """As the store's reader."""
        return self._reader.is_empty(table)

    def lay(self, query: str, *, relation: pl.DataFrame | None = None, **params: Any) -> None:
        """As the store's reader; what was read before it is read anew. All but rows by place is laid once, of all."""
        if relation is None:
            if query not in self._laid:
                self._laid.add(query)
                self._reader.lay(query, **{**params, **_wide(params, ("start_ns", "end_ns"))})
            return
        if query == "create_spans_by_revision":
            if query not in self._held:
                self._held[query] = pl.DataFrame([(0, _FAR_NS)], schema=relation.schema, orient="row")
                self._reader.lay(query, relation=self._held[query])
            return
        self._held.clear()
        self._laid.clear()
        self._reader.lay(query, relation=relation)

    def _once(self, query: str, read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        if query not in self._held:
            self._held[query] = read()
        return self._held[query]

    def _beyond(self, traces: list[str]) -> list[str]:
        """Those of no failure, of which nothing is held: traces of what hangs, is slow, or lacks an event."""
        if "failed traces" not in self._held:
            failures = self.frame("find_failures", start_ns=0, end_ns=_FAR_NS, rules=_rules())
            self._held["failed traces"] = failures.select(trace=pl.coalesce("trace", "borrowed")).unique()
        asked = pl.DataFrame({"trace": traces}, schema={"trace": pl.String()}).unique(maintain_order=True)
        return asked.join(self._held["failed traces"], on="trace", how="anti")["trace"].to_list()

    def _whole(self, query: str, params: dict[str, Any], names: set[str]) -> pl.DataFrame:
        """All rows of a query; lists of keys are those of every failure there is."""
        every: dict[str, list[str]] = {}
        if names:
            failures = self.frame("find_failures", start_ns=0, end_ns=_FAR_NS, rules=_rules())
            every = {
                "traces": failures.select(pl.coalesce("trace", "borrowed")).to_series().drop_nulls().unique().to_list(),
                "signature_ids": failures["signature_id"].unique().to_list(),
            }
        wide = _wide(params, ("start_ns", "end_ns"))
        return self._reader.frame(query, **{**params, **wide, **{name: every[name] for name in names}})


def _since(query: str, params: dict[str, Any]) -> list[pl.Expr]:
    """Entries are told of the window alone; all else goes back to the first one stored."""
    return [pl.col("at_ns") >= params["start_ns"]] if query == "find_cluster_entries" else []


def _wide(params: dict[str, Any], names: tuple[str, ...]) -> dict[str, int]:
    return {name: 0 if name == "start_ns" else _FAR_NS for name in names if name in params}


def _rules() -> int:
    from classifiers.signatures import RULES  # noqa: PLC0415 - a worker that only starts needs it not

    return RULES
