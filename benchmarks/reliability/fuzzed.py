"""What fuzzing holds: whatever comes in, nothing crashes, and what was read is stored, double or a dead letter.

Each function takes bytes of an attacker and raises AssertionError, or whatever our code raised, where it does not hold.
Used by the property tests and by the atheris harnesses (benchmarks/reliability/fuzz_*.py).
"""

import io
import tempfile
from pathlib import Path

import polars as pl

from collector.collect import normalise
from collector.errors import ConfigError, SourceError
from collector.normalise.redact import Redactor
from collector.receiver.answers import Refusal
from collector.receiver.bodies import ENCODINGS, inflate, read_json
from collector.records import DEAD_LETTER_SCHEMA, RAW_MESSAGE_SCHEMA, RAW_SCHEMA, Batch, RawBatch
from collector.sources.blocks import Cut
from collector.sources.files import find_files, read_files
from collector.sources.junit import cut_tests
from logtriage.config import load_config

__all__ = ["ENCODINGS", "config", "entries_file", "junit", "log_entries", "otlp_json", "otlp_protobuf"]

_REDACTOR = Redactor(b"f" * 16)
_LIMIT = 1 << 20


def log_entries(texts: list[str]) -> Batch:
    """JSON texts as a source hands them over; each is an entry or a dead letter."""
    frame = pl.DataFrame({"line": range(1, len(texts) + 1), "raw": texts}, schema=RAW_SCHEMA)
    return _adds_up(_raw("entries", frame), len(texts))


def entries_file(content: bytes, folder: Path | None = None) -> None:
    """A file as `import` finds it: every kind, cut and normalised; a file of no kind is told as that."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path = Path(name) / "given"
        path.write_bytes(content)
        try:
            found = find_files([Path(name)])
        except SourceError as error:
            _is_told(error)
            return
        for raw in read_files(found):
            _adds_up(raw, raw.records.height)


def otlp_json(body: bytes, encoding: str = "identity") -> None:
    """A request in JSON: refused with a sentence, or as many spans as its normaliser counts."""
    assert encoding in ENCODINGS
    try:
        text = read_json(inflate(body, encoding, limit=_LIMIT, room=lambda _: None))
    except Refusal as refusal:
        _is_told(refusal)
        return
    if isinstance(text, str):
        _spans(_raw("spans", pl.DataFrame({"line": [1], "raw": [text]}, schema=RAW_SCHEMA)))


def otlp_protobuf(body: bytes) -> None:
    """A serialised request: as many spans as its normaliser counts, or a dead letter."""
    _spans(_raw("span_messages", pl.DataFrame({"line": [1], "raw": [body]}, schema=RAW_MESSAGE_SCHEMA)))


def junit(content: bytes) -> None:
    """A test report: each case is a row; where the XML breaks, a dead letter says so."""
    cuts: list[Cut] = list(cut_tests(io.BytesIO(content)))
    assert len(cuts) == 1
    assert cuts[0].records.height == cuts[0].recognised
    batch = normalise(_raw("tests", cuts[0].records, dead=cuts[0].dead_frame("x")), redactor=_REDACTOR)
    assert batch.read == cuts[0].records.height + len(cuts[0].dead)
    assert batch.tests.height + batch.dead.height == batch.read


def config(text: bytes, folder: Path | None = None) -> None:
    """A config.yaml: it loads, or one sentence names what is wrong."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path = Path(name) / "config.yaml"
        path.write_bytes(text)
        try:
            load_config(path)
        except ConfigError as error:
            _is_told(error)


def _raw(kind: str, frame: pl.DataFrame, dead: pl.DataFrame | None = None) -> RawBatch:
    return RawBatch(
        source="fuzz", location="x", kind=kind,  # type: ignore[arg-type] # one of the kinds, by the callers above
        records=frame, dead=pl.DataFrame(schema=DEAD_LETTER_SCHEMA) if dead is None else dead,
    )  # fmt: skip


def _adds_up(raw: RawBatch, records: int) -> Batch:
    batch = normalise(raw, redactor=_REDACTOR)
    if raw.kind in {"spans", "span_messages"}:
        assert batch.read == batch.spans.height + batch.dead.height
        return batch
    assert batch.read == records + raw.dead.height
    rows = batch.tests.height if raw.kind == "tests" else batch.entries.height + batch.fact_records
    assert rows + batch.dead.height == batch.read
    return batch


def _spans(raw: RawBatch) -> None:
    batch = normalise(raw, redactor=_REDACTOR)
    assert batch.read == batch.spans.height + batch.dead.height


def _is_told(error: Exception) -> None:
    if not str(error).strip():
        raise AssertionError("an error without a sentence")
