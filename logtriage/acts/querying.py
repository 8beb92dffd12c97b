"""The command query. It imports next to nothing: who asks the store again and again waits for no analysis to load."""

import csv
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.store import Store
from logtriage.config import load_config
from logtriage.escape import csv_cell, plain
from logtriage.output import show

if TYPE_CHECKING:
    import polars as pl

__all__ = ["act_query"]

_CELL = 120  # characters of a cell on a terminal


def act_query(config: Path | None, db: Path | None, *, sql: str, form: str | None) -> None:
    """Rows of a SQL text: a table on a terminal, CSV in a pipe, or as asked for."""
    with Store(load_config(config, db=db).store).read_aside() as reader:
        frame = reader.sql(sql)
    wanted = form or ("table" if sys.stdout.isatty() else "csv")
    if wanted == "json":
        rows = [json.dumps(row, ensure_ascii=True, default=str) for row in frame.iter_rows(named=True)]
        show("".join(f"{row}\n" for row in rows))
    elif wanted == "csv":
        show(_csv(frame))
    else:
        from logtriage.terminal import draw_table  # noqa: PLC0415 - pipes need no rich

        cells = [[plain(_cell(value), _CELL) for value in row] for row in frame.iter_rows()]
        show(draw_table([plain(name, _CELL) for name in frame.columns], cells))


def _csv(frame: "pl.DataFrame") -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(csv_cell, frame.columns))
    writer.writerows([_csv_of(value) for value in row] for row in frame.iter_rows())
    return text.getvalue()


def _csv_of(value: Any) -> str:
    """Numbers and times as they are: what begins with a minus is no formula there."""
    return csv_cell(_cell(value)) if isinstance(value, str | list | dict) else _cell(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)
