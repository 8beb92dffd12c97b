"""Order inside traces: which steps an operation takes, and what of it two revisions of a service do differently.

What comes in: a reader and two revisions. What goes out: a Flow, the edges between operations and their steps that were
lost or came new, in traces per traces that reach the operation. The steps are spans below the service's own spans (and
spans that link to them); of a service without spans the lines that it wrote in the traces of its requests.
"""

from collections.abc import Sequence
from typing import Literal

import polars as pl

from classifiers.edges import Flow
from classifiers.flow_edges import compare_steps
from classifiers.masks import mask
from classifiers.origin import origin_params
from classifiers.spans_by_revision import lay_spans_by_revision
from collector.records import Revision
from collector.store import Reader
from collector.window import NS_PER_S, Window

__all__ = ["MOST_TRACES", "VARIABLE_WORDS", "find_flow", "masked_lines", "read_span_steps", "read_steps"]

MOST_TRACES = 2000  # of one revision and operation: a share is known to within two percent by then
# Parts of an operation's name that vary: long hexadecimal numbers with a digit in them, and all numbers of two digits.
VARIABLE_WORDS = "[0-9a-f]*[0-9][0-9a-f]{7,}(?:-[0-9a-f]+)*|[0-9]{2,}"
_SETTLE_NS = 10 * NS_PER_S  # before the last trace: the spans of later ones may not all be there


def find_flow(reader: Reader, before: Revision, after: Revision, *, window: Window) -> Flow:
    """The difference of two revisions of one service within a window; an empty one that says why there is none."""
    if (before.project, before.service) != (after.project, after.service):
        return Flow("", "they are of two services")
    if before.revision == after.revision:
        return Flow("", "they are one revision")
    names = (before.revision, after.revision)
    lay_spans_by_revision(reader, start_ns=window.start_ns, end_ns=window.end_ns)
    steps, basis = read_steps(reader, [(before.service, name) for name in names], window=window)
    for name in names:
        if steps.filter(pl.col("step").is_null() & (pl.col("revision") == name)).is_empty():
            return Flow("", f"no trace of {name} is stored")
    return compare_steps(steps, names, basis)


def read_steps(
    reader: Reader, revisions: Sequence[tuple[str, str]], *, window: Window
) -> tuple[pl.DataFrame, Literal["spans", "lines"]]:
    """Rows of find_flow_steps for services with their revisions; where none of them has spans, of their lines.

    To be called after lay_spans_by_revision.
    """
    spans = read_span_steps(reader, revisions, window=window)
    if not spans.is_empty():
        return spans, "spans"
    lines = reader.frame("find_flow_lines", **_asked(revisions, window, MOST_TRACES))
    keys = ["service", "revision", "trace", "parent", "step"]
    masked = lines.with_columns(step=masked_lines(lines["step"]))
    folded = masked.group_by(keys, maintain_order=True).agg(
        pl.col("at_ns", "begin_ns", "end_ns", "took_ns").min(),
        pl.col("is_bad", "is_entry").any(),
        pl.col("traces").first(),
    )
    return _settled(folded), "lines"


def read_span_steps(
    reader: Reader, revisions: Sequence[tuple[str, str]], *, window: Window, most: int = MOST_TRACES
) -> pl.DataFrame:
    """Rows of find_flow_steps for services with their revisions, of at most so many traces of an operation each.

    Traces that began last are left out, as their spans may still be on their way.
    """
    asked = _asked(revisions, window, most)
    return _settled(reader.frame("find_flow_steps", **asked, variable_words=VARIABLE_WORDS))


def masked_lines(texts: pl.Series) -> pl.Series:
    """What lines say without what varies in them; each distinct text is masked once."""
    distinct = texts.unique()
    return texts.replace_strict(distinct, mask(distinct), return_dtype=pl.String).rename(texts.name)


def _asked(revisions: Sequence[tuple[str, str]], window: Window, most: int) -> dict[str, object]:
    return {
        "start_ns": window.start_ns,
        "end_ns": window.end_ns,
        "services": [service for service, _ in revisions],
        "revisions": [revision for _, revision in revisions],
        "most": most,
        "variable_parts": origin_params()["variable_parts"],
    }


def _settled(steps: pl.DataFrame) -> pl.DataFrame:
    last_ns = steps["at_ns"].max()
    began = pl.col("at_ns").min().over("trace")
    return steps.filter(began <= pl.lit(last_ns, dtype=pl.Int64) - _SETTLE_NS)
