"""Writes a large file of mixed LogEntry lines for benchmarks/ingest.py: requests, text, JSON, tracebacks, audit.

    python benchmarks/generate_entries.py OUT.jsonl [--entries 2000000] [--seed 1]

Blocks of generated incidents are cut into templates once and then laid one after the other, each time with later
instants and other ids. An id is changed the same way all over one round, so that the lines of a trace stay together.
"""

import argparse
import json
import random
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from logtriage.demo.generate import generate

_BLOCK = 60  # lines that stay together: a traceback of many entries, a request and its lines
_KEEP_EVERY = 3  # of that many blocks one is used: few templates, little memory
_AUDIT_EVERY = 12  # audit entries are large; of that many one is used
_SOURCES = (("secret_lost", 0.2), ("bad_image", 0.2), ("secret_lost", 0.2), ("quiet", 0.2))
_SLOT = re.compile(
    rb'"insertId":"(?P<identity>[^"]+)"'
    rb'|(?<="receiveTimestamp":")(?P<arrival>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)'
    rb"|(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)"
    rb"|(?P<spaced>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"
    rb"|(?P<uuid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    rb"|(?<![0-9a-f])(?P<trace>[0-9a-f]{32})(?![0-9a-f])"
    rb'|"spanId":"(?P<span>[0-9a-f]{16})"'
)
_INSTANCE = re.compile(rb'"instanceId":"([0-9a-f]{80})[0-9a-f]*"')  # cut: entries of 0.6 to 1 kB
_HASTE = 100  # the time of an incident is squeezed, so that millions of entries span weeks and not years
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Slot = tuple[int, int]  # kind, value
_IDENTITY, _AUDIT, _SECOND, _SPACED, _ARRIVAL, _UUID, _TRACE, _SPAN = range(8)
Template = tuple[list[bytes], list[Slot]]  # literals, and the slots between them


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Writes mixed LogEntry lines.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--entries", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.perf_counter()
    with arguments.out.open("wb", buffering=1 << 20) as out:
        size = write_entries(out, arguments.entries, arguments.seed)
    took_s = round(time.perf_counter() - started, 2)
    print(json.dumps({"entries": arguments.entries, "bytes": size, "seed": arguments.seed, "seconds": took_s}))


def write_entries(out: BinaryIO, entries: int, seed: int) -> int:
    """Writes that many lines; gives their bytes."""
    rounds = [_templates(scenario, seed + at, scale) for at, (scenario, scale) in enumerate(_SOURCES)]
    size = 0
    for written, line in enumerate(_lines(rounds, seed)):
        if written == entries:
            break
        size += out.write(line)
    return size


def _lines(rounds: list[list[Template]], seed: int) -> Iterator[bytes]:
    spans_s = [_span_s(templates) for templates in rounds]
    start_s = int((datetime(2026, 2, 1, tzinfo=UTC) - _EPOCH).total_seconds())
    at = 0
    while True:
        templates, (first_s, length_s) = rounds[at % len(rounds)], spans_s[at % len(rounds)]
        rng = random.Random(f"{seed}/{at}")
        key = rng.getrandbits(128)
        for literals, slots in templates:
            parts = [literals[0]]
            for literal, (kind, value) in zip(literals[1:], slots, strict=True):
                parts.append(_fill(kind, value, key, (first_s, start_s)))
                parts.append(literal)
            yield b"".join(parts)
        start_s += length_s // _HASTE + 1
        at += 1


def _fill(kind: int, value: int, key: int, starts_s: tuple[int, int]) -> bytes:
    if kind in {_SECOND, _SPACED, _ARRIVAL}:
        later_s = 1 if kind == _ARRIVAL else 0  # the fractions stay: a second keeps arrivals behind events
        text = _second_text(starts_s[1] + (value - starts_s[0]) // _HASTE + later_s)
        return text.replace(b"T", b" ") if kind == _SPACED else text
    if kind == _IDENTITY:
        return b"%024x" % (value ^ (key >> 32))
    if kind == _TRACE:
        return b"%032x" % (value ^ key)
    if kind == _SPAN:
        return b"%016x" % (value ^ (key >> 64))
    if kind == _AUDIT:
        return b"%012x" % ((value ^ key) & 0xFFFFFFFFFFFF)
    text = b"%032x" % (value ^ key)
    return b"-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


@lru_cache(maxsize=4096)
def _second_text(second: int) -> bytes:
    return (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S").encode()


def _span_s(templates: list[Template]) -> tuple[int, int]:
    seconds = [value for _, slots in templates for kind, value in slots if kind == _SECOND]
    return min(seconds), max(seconds) - min(seconds)


def _templates(scenario: str, seed: int, scale: float) -> list[Template]:
    lines = generate(scenario, seed=seed, scale=scale).entries
    kept, audits = [], 0
    for at, line in enumerate(lines):
        if b'"protoPayload"' in line:
            audits += 1
            if audits % _AUDIT_EVERY == 0:
                kept.append(_template(line))
        elif at // _BLOCK % _KEEP_EVERY == 0:
            kept.append(_template(line))
    return kept


def _template(line: bytes) -> Template:
    line = _INSTANCE.sub(rb'"instanceId":"\1"', line)
    literals: list[bytes] = []
    slots: list[Slot] = []
    end = 0
    for match in _SLOT.finditer(line):
        group = match.lastgroup or ""
        start, stop = match.span(group)
        literals.append(line[end:start])
        slots.append(_slot(group, match[group]))
        end = stop
    literals.append(line[end:] + b"\n")
    return literals, slots


def _slot(group: str, found: bytes) -> Slot:
    if group == "identity":
        text = found.decode()
        is_plain = len(text) == 24 and all(letter in "0123456789abcdef" for letter in text)
        return (_IDENTITY, int(text, 16)) if is_plain else (_AUDIT, int.from_bytes(found[-6:], "big"))
    if group in {"second", "spaced", "arrival"}:
        kind = {"second": _SECOND, "spaced": _SPACED, "arrival": _ARRIVAL}[group]
        return kind, int((datetime.fromisoformat(found.decode() + "+00:00") - _EPOCH).total_seconds())
    kind = {"uuid": _UUID, "trace": _TRACE, "span": _SPAN}[group]
    return kind, int(found.replace(b"-", b""), 16)


if __name__ == "__main__":
    main()
