"""Known signatures proved on their own samples: families in, what is wrong with their rules out, one line each.

Samples go through the very signing that entries of a system go through, so a rule that was written for a raw text and
misses the masked one is found.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from classifiers.known_matching import Matcher, Named, Subject, subject_of
from classifiers.known_signatures import Family, KnownSignature, Sample
from classifiers.reassemble import SIGN_SCHEMA
from classifiers.signatures import sign

__all__ = ["faults_of", "subjects_of"]

_SHOWN = 80
_ERROR = 17


def subjects_of(samples: Sequence[Sample]) -> list[Subject]:
    """What rules see of each sample, signed as an entry of an instance of its own."""
    if not samples:
        return []
    signed = sign(pl.DataFrame([_row(at, one) for at, one in enumerate(samples)], schema=SIGN_SCHEMA, orient="row"))
    told = {row[0]: row[1:] for row in signed.signatures.select("signature_id", "kind", "title", "parts").rows()}
    of = dict(signed.occurrences.select("instance", "signature_id").iter_rows())
    return [subject_of(*told[of[str(at)]]) for at in range(len(samples))]


def faults_of(families: Sequence[Family]) -> list[str]:
    """What the samples disprove: rules that miss a sample or take a near miss, samples that another rule claims."""
    proofs = [
        (family.file, one, key, at, sample)
        for family in families
        for one in family.signatures
        for key, samples in (("samples", one.samples), ("near_misses", one.near_misses))
        for at, sample in enumerate(samples)
    ]
    matches = Matcher((), families).matching(subjects_of([sample for *_, sample in proofs]))
    faults = []
    for (file, one, key, at, sample), matching in zip(proofs, matches, strict=True):
        fault = _fault(one, matching) if key == "samples" else _miss_fault(one, matching)
        if fault:
            faults.append(f"{_place(file, one)}: {key}[{at}] `{_told(sample)}` {fault}")
    return faults


def _fault(known: KnownSignature, matching: Sequence[Named]) -> str | None:
    mine = next((one for one in matching if one.signature.name == known.name), None)
    if mine is None:
        return "is not matched by its rule. Correct `match`, or the sample."
    above = next((one for one in matching if one is not mine and one.rank >= mine.rank), None)
    if above is None:
        return None
    word = "as well, with as many conditions" if above.rank == mine.rank else "too, and outranked"
    return f"is matched by `{above.signature.name}` {word}. Add a condition to one, or `unless` to the other."


def _miss_fault(known: KnownSignature, matching: Sequence[Named]) -> str | None:
    if any(one.signature.name == known.name for one in matching):
        return "is matched by its rule. Narrow `match`, or remove the near miss."
    return None


def _row(at: int, sample: Sample) -> dict[str, object]:
    return {
        "project": "known",
        "service": "known",
        "revision": "",
        "instance": str(at),
        "log": "requests" if sample.status else sample.log,
        "insert_id": str(at),
        "at_ns": at,
        "severity": _ERROR,
        "message": sample.text,
        "logger": None,
        "payload": None,
        "http_method": sample.method if sample.status else None,
        "http_path": sample.path if sample.status else None,
        "http_status": sample.status,
        "trace": None,
        "batch_id": 1,
        "is_hit": True,
    }


def _place(file: Path, known: KnownSignature) -> str:
    return f"{file}: signature `{known.name}`"


def _told(sample: Sample) -> str:
    text = " ".join((sample.text or f"{sample.method} {sample.path} {sample.status}").split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
