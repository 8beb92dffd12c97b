"""The course of a finding as JSON: of each revision the columns between its first and its last, the others are zero."""

from typing import Any

from classifiers.findings import RevisionSeries, Series
from classifiers.service_names import plain_name
from collector.window import format_ns

__all__ = ["series_fields"]

_DIGITS = 9


def series_fields(series: Series | None) -> dict[str, Any] | None:
    """Plain JSON values; null where nothing can be drawn."""
    if series is None:
        return None
    return {
        "start": format_ns(series.start_ns, digits=_DIGITS),
        "column_s": series.column_ns / 1e9,
        "columns": len(series.rows[0].failed) if series.rows else 0,
        "unit": series.unit,
        "revisions": [_row(row) for row in series.rows],
    }


def _row(row: RevisionSeries) -> dict[str, Any]:
    known = [at for at, many in enumerate(row.exposed) if many]
    first, end = (known[0], known[-1] + 1) if known else (0, 0)
    return {
        "service": plain_name(row.service),
        "revision": row.revision or None,
        "first_column": first,
        "failed": list(row.failed[first:end]),
        "exposed": list(row.exposed[first:end]),
    }
