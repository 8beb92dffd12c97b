"""What spans tell by OpenTelemetry's names, in columns: semconv.py over many spans at once."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from msgspec import Struct

from collector.normalise.semconv import (
    CALLING,
    DB_SYSTEM,
    ERROR_TYPE,
    HTTP_METHOD,
    HTTP_PATH,
    HTTP_ROUTE,
    HTTP_STATUS,
    PEER,
    PEER_ADDRESSES,
    RPC_STATUS,
    SYNTHETIC,
    USER_AGENT,
    error_type,
    http_status,
    paths_of,
)
from collector.normalise.text_views import Buffers, Views
from collector.normalise.wire import Ints

__all__ = ["BAD", "BOOL", "DOUBLE", "INT", "NULL", "OTHER", "STRING", "Attributes", "Lookup", "told_columns"]

Flags = npt.NDArray[np.bool_]
Names = tuple[str, ...]

NULL, STRING, BOOL, INT, DOUBLE, OTHER, BAD = range(7)  # types of a value
_COLD_START: Names = ("faas.coldstart",)
_NOT_THERE = -1


class Attributes(Struct, frozen=True, dict=True):
    """All attributes of all spans, by span and in their order.

    owner: index of the span; key: index into `names`; type: of the value; text: the value as text, as JSON has it but
    for quotes and escapes; is_full: whether it counts as a value, being neither null nor empty; special: the rows whose
    text needs escapes.
    """

    owner: Ints
    key: npt.NDArray[np.uint16] | Ints
    names: list[str]
    type: npt.NDArray[np.uint8]
    text: Views
    is_full: Flags
    special: Ints

    @cached_property
    def _by_key(self) -> tuple[Ints, Ints]:
        """Rows in the order of their keys, and where each key begins."""
        counts = np.bincount(self.key, minlength=len(self.names))
        begins = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        return np.argsort(self.key, kind="stable"), begins

    def rows(self, index: int) -> Ints:
        """The rows with the key of that index, in their order."""
        order, begins = self._by_key
        return order[begins[index] : begins[index + 1]]


class Lookup:
    """Values of attributes by their names, a row a span. Spans with a value of an unusual type are refused."""

    def __init__(self, found: Attributes, buffers: Buffers, count: int, refuse: Callable[[Ints], None]) -> None:
        self._found = found
        self._buffers = buffers
        self._count = count
        self._refuse = refuse
        self._index = {name: index for index, name in enumerate(found.names)}

    def texts(self, names: Names) -> pl.Series:
        """The value of the first name that is there and not empty, as text; else null."""
        return self._texts(self._places(names))

    def of_kinds(self, names: Names, spans: Flags) -> pl.Series:
        """The same of these spans alone."""
        return self._texts(np.where(spans, self._places(names), _NOT_THERE))

    def flags(self, names: Names) -> pl.Series:
        """True or False where the value of the first name is that; else null."""
        places = self._all_places(names)
        is_flag = (places != _NOT_THERE) & (self._found.type[places] == BOOL) if len(self._found.type) else places > 0
        if not is_flag.any():
            return pl.repeat(None, self._count, dtype=pl.Boolean, eager=True)
        told = self._buffers.series(self._found.text[np.where(is_flag, places, 0)]) == "true"
        return told.set(pl.Series(~is_flag), None)

    def _texts(self, places: Ints) -> pl.Series:
        is_there = places != _NOT_THERE
        if not is_there.any():
            return pl.repeat(None, self._count, dtype=pl.String, eager=True)
        kinds = self._found.type[places]
        unusual = is_there & (kinds != STRING) & (kinds != INT)
        if unusual.any():
            self._refuse(np.flatnonzero(unusual))
        return self._buffers.series(self._found.text[np.where(is_there, places, 0)], is_there)

    def _places(self, names: Names) -> Ints:
        """Where the first full value of each span is."""
        places = np.full(self._count, _NOT_THERE)
        for name in reversed([one for one in names if one in self._index]):
            rows = self._found.rows(self._index[name])
            rows = rows[self._found.is_full[rows]]
            places[self._found.owner[rows]] = rows
        return places

    def _all_places(self, names: Names) -> Ints:
        places = np.full(self._count, _NOT_THERE)
        for name in reversed([one for one in names if one in self._index]):
            rows = self._found.rows(self._index[name])
            places[self._found.owner[rows]] = rows
        return places


def told_columns(spans: Lookup, kind: Ints) -> dict[str, pl.Series]:
    """The columns of SPAN_SCHEMA that attributes tell; `kind` is that of each span."""
    peer = spans.texts(PEER)
    called = spans.of_kinds(PEER_ADDRESSES, np.isin(kind, list(CALLING)))
    failed = _mapped(spans.texts(RPC_STATUS), lambda status: error_type({RPC_STATUS[0]: status}), pl.String())
    return {
        "http_method": spans.texts(HTTP_METHOD),
        "http_route": spans.texts(HTTP_ROUTE),
        "http_path": paths_of(spans.texts(HTTP_PATH)),
        "http_status": _mapped(
            spans.texts(HTTP_STATUS), lambda status: http_status({HTTP_STATUS[0]: status}), pl.Int16()
        ),
        "user_agent": spans.texts(USER_AGENT),
        "synthetic": spans.texts(SYNTHETIC),
        "cold_start": spans.flags(_COLD_START),
        "peer_service": _else(peer, called),
        "db_system": spans.texts(DB_SYSTEM),
        "error_type": _else(spans.texts(ERROR_TYPE), failed),
    }


def _else(first: pl.Series, second: pl.Series) -> pl.Series:
    return first if not first.null_count() else first.zip_with(first.is_not_null(), second)


def _mapped(texts: pl.Series, tell: Callable[[str], Any], dtype: pl.DataType) -> pl.Series:
    """What is told of each text; each different one is looked at once."""
    different = texts.drop_nulls().unique()
    told = pl.Series([tell(text) for text in different], dtype=dtype)
    table = pl.DataFrame({"text": different, "told": told})
    return pl.DataFrame({"text": texts}).join(table, on="text", how="left", maintain_order="left")["told"]
