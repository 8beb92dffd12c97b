"""Criteria with what was counted, as plain JSON values that findings_schema.json describes. No I/O."""

from typing import Any

from classifiers.findings import Findings
from classifiers.followed import Proof, Verification
from classifiers.service_names import plain_name
from collector.window import format_ns
from logtriage.whys_json import evidence_fields

__all__ = ["VERDICTS", "verification_fields", "verify_json"]

VERDICTS: tuple[Proof, ...] = ("FAILING", "NOT YET", "NOT TESTABLE", "VERIFIED")


def verify_json(verifications: tuple[Verification, ...], findings: Findings) -> dict[str, Any]:
    """Plain JSON values of `logtriage verify`."""
    window = findings.window
    return {
        "window": {"start": format_ns(window.start_ns, digits=9), "end": format_ns(window.end_ns, digits=9)},
        "counts": {
            verdict.lower().replace(" ", "_"): sum(one.verdict == verdict for one in verifications)
            for verdict in VERDICTS
        },
        "verifications": [verification_fields(one) for one in verifications],
    }


def verification_fields(one: Verification) -> dict[str, Any]:
    """One criterion with what was counted, as plain JSON values; described by findings_schema.json."""
    criterion = one.criterion
    return {
        "id": criterion.id,
        "verdict": one.verdict,
        "kind": criterion.kind,
        "statement": criterion.statement,
        "service": plain_name(criterion.service),
        "project": criterion.project,
        "finding_id": criterion.finding_id or None,
        "declared": criterion.is_declared,
        "query": criterion.query,
        "test": criterion.test,
        "route": criterion.route or None,
        "event": criterion.event or None,
        "field": criterion.field or None,
        "signature_ids": list(criterion.signature_ids),
        "limit": criterion.limit,
        "quantile": criterion.quantile,
        "since": format_ns(one.since_ns, digits=9),
        "since_what": one.since,
        "fixed_by": one.fixed_by or None,
        "attempts": one.attempts,
        "failures": one.failures,
        "needed": one.needed,
        "silence_s": None if one.silence_ns is None else round(one.silence_ns / 1e9),
        "about_s": None if one.about_ns is None else round(one.about_ns / 1e9),
        "sure": one.sure,
        "stragglers": one.stragglers,
        "last_failure": None if one.last_failure_ns is None else format_ns(one.last_failure_ns, digits=9),
        "why": one.why,
        "evidence": [evidence_fields(fact) for fact in one.evidence],
    }
