"""Imports of one system's entries in pieces, and what the store then holds of them, for tests of their order."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from classifiers.signatures import RULES
from classifiers.signing import sign_new
from collector.collect import normalise
from collector.config import StoreConfig
from collector.normalise.redact import Redactor
from collector.store import Store
from collector.window import format_ns
from tests.support.entries import log_entry, raw_batch
from tests.support.signing import START_NS

__all__ = ["TRACE", "groups", "import_pieces", "occurrences", "text_lines"]

TRACE = (
    "Traceback (most recent call last):",
    '  File "/app/shop/pay.py", line 12, in pay',
    "    charge()",
    "ValueError: no bank",
)


def text_lines(*texts: str, at_ms: float = 0.0, step_ms: float = 0.01, **changes: Any) -> list[dict[str, Any]]:
    """One entry a text of one instance, the first so long after the start, the others a step apart."""
    name = changes.pop("name", "a")
    found = []
    for number, text in enumerate(texts):
        at_ns = round((at_ms + number * step_ms) * 1_000_000)
        stamp = format_ns(START_NS + at_ns, digits=9)
        both = {"timestamp": stamp, "receiveTimestamp": stamp}
        found.append(log_entry(insertId=f"{name}{at_ns:015d}", textPayload=text, **both, **changes))
    return found


def import_pieces(folder: Path, *pieces: Sequence[dict[str, Any]], is_signed_between: bool = True) -> Store:
    """A store into which each piece was imported by a run of its own."""
    folder.mkdir(exist_ok=True)
    store = Store(StoreConfig(path=folder / "pieces.duckdb"), clock_ns=lambda: 7)
    for piece in pieces:
        run_id = store.begin_run("import", "files")
        store.append([normalise(raw_batch(*piece), redactor=Redactor(b"k" * 32))], run_id=run_id)
        store.end_run(run_id, outcome="complete")
        if is_signed_between:
            sign_new(store)
    sign_new(store)
    return store


def occurrences(store: Store) -> list[tuple[Any, ...]]:
    """Every occurrence with all that is told of its signature, in no import's order."""
    with store.read() as reader:
        found = reader.sql(
            "select o.* exclude (batch_id), s.title, s.kind, s.parts from occurrences o "
            f"left join signatures s on s.signature_id = o.signature_id and s.rules = {RULES} "
            "order by o.at_ns, o.insert_ids, o.signature_id"
        )
        known = reader.sql("select count(*) from signatures").item()
    return [(*row,) for row in found.rows()] + [(known,)]


def groups(store: Store, instance: str | None = None) -> list[list[str]]:
    """The texts of each occurrence; of one instance where that is given."""
    with store.read() as reader:
        texts = dict(reader.sql("select insert_id, message from entries").rows())
        found = reader.sql("select insert_ids, instance from occurrences order by at_ns, insert_ids").rows()
    return [[texts[one] for one in event] for event, where in found if instance in (None, where)]
