"""Coverage-guided fuzzing with atheris (extra `fuzz`): our floors instrumented, a corpus of our own, a bound of time.

Coverage is that of collector/ and logtriage/; the libraries below are left as they are. atheris ends the process itself
and prints executions; what fails leaves its input as crash-* in the folder FUZZ_FOUND, where that is set.
"""

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

__all__ = ["fuzz"]

_LONGEST = 16_384


def fuzz(name: str, corpus: Iterable[bytes], *, seconds: int) -> None:
    """Fuzzes a function of benchmarks/reliability/fuzzed.py; never comes back."""
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # an input is small: handing its columns over costs more than them
    import atheris  # type: ignore[import-untyped]  # noqa: PLC0415 - only whoever fuzzes has it; ships no types

    with atheris.instrument_imports(include=["collector", "logtriage"], enable_loader_override=False):
        from benchmarks.reliability import fuzzed  # noqa: PLC0415 - with instruments
    target = getattr(fuzzed, name)
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    for number, one in enumerate(corpus):
        (folder / str(number)).write_bytes(one[:_LONGEST])
    found = os.environ.get("FUZZ_FOUND", str(folder))
    words = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-max_len={_LONGEST}",
        f"-artifact_prefix={found}/",
        str(folder),
    ]
    atheris.Setup([*words, "-timeout=60", "-rss_limit_mb=3000", "-print_final_stats=1"], target)
    atheris.Fuzz()
