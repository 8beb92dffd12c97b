"""Which revision made each span: the one place that says so, for all who read spans.

What comes in: a reader. What goes out: the view `spans_by_revision` in front of its later queries: the columns of
`spans`, with the revision that made each as `revision`, what its resource told as `revision_told`, and how the revision
is known as `revision_by` (queries/create_spans_by_revision.sql). Nothing else should read the revision of a span.
"""

from collector.store import Reader

__all__ = ["IS_WEAK", "lay_spans_by_revision"]

IS_WEAK = ("minute", "told", "")  # ways of knowing that do not prove the revision


def lay_spans_by_revision(reader: Reader, *, start_ns: int, end_ns: int) -> None:
    """From here on the reader's `spans_by_revision` has the spans of [start_ns, end_ns), with their revisions.

    To be called after read_placed_facts, which tells services of several locations apart.
    """
    if reader.is_empty("spans"):
        reader.lay("create_no_spans_by_revision")
    else:
        reader.lay("create_spans_by_revision", start_ns=start_ns, end_ns=end_ns)
