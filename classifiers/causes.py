"""Causes: the rival explanations of one case in words, the one that stands, and where the fault sits."""

import re
from collections.abc import Sequence

import orjson
import polars as pl

from classifiers.attribution import is_about_dependency
from classifiers.cases import Case
from classifiers.findings import Attribution, Cause, Evidence, Fault, Hypothesis, Origin
from classifiers.weighing import Judged
from collector.window import format_ns

__all__ = ["WORTH_TELLING", "cause_of", "failed_of", "fault_of", "hypotheses_of", "unit_of"]

_BLAMED = 0.5
WORTH_TELLING = 0.02  # a probability below it is not told
_SURGE = 1.5
_FEW = 4  # failures in each half of the time, below which no rate can be called unchanged
_ROTATION_NS = 900_000_000_000
_CERTIFICATE = re.compile(r"(?i)certificate|x509|ssl: |tls (?:handshake|alert)|cert_?(?:has_)?expired")
_CONFIG_TYPES = frozenset(
    {"env_removed", "env_added", "env_changed", "secret_ref_changed", "service_account", "vpc", "cloud_sql", "ingress"}
)


def hypotheses_of(judged: Judged, origin: Origin, facts: pl.DataFrame) -> tuple[Hypothesis, ...]:
    """Every explanation worth telling, the most probable first; together at most 1."""
    weighed, case = judged.weighed, judged.case
    found = [
        Hypothesis(
            "revision",
            round(weight.confidence, 4),
            f"{weight.candidate.revision} of {weight.candidate.service} broke it",
        )
        for weight in weighed.weights[:3]
        if weight.confidence >= WORTH_TELLING
    ]
    left = max(0.0, 1.0 - sum(weight.confidence for weight in weighed.weights))
    whole = weighed.outside + weighed.chance + sum(share for _, share in weighed.rivals)
    told = [(rival, left * (share / whole) if whole > 0 else 0.0) for rival, share in weighed.rivals]
    found += [
        Hypothesis(rival.cause, round(share, 4), rival.statement, rival.evidence)
        for rival, share in told
        if share >= WORTH_TELLING
    ]
    outside = left * (weighed.outside / whole if whole > 0 else 0.5)
    cause, statement, evidence = _outside(judged, origin, facts)
    if outside >= WORTH_TELLING:
        found.append(Hypothesis(cause, round(outside, 4), statement, evidence))
    steady = left - outside - sum(share for _, share in told)
    if steady >= WORTH_TELLING:
        found.append(_steady(case, round(steady, 4)))
    return tuple(sorted(found, key=lambda one: (-one.confidence, one.cause, one.statement)))


def _steady(case: Case, confidence: float) -> Hypothesis:
    """That nothing changed: as many failures per request as ever, or nothing to compare with."""
    fit = case.fit
    if fit.is_change or fit.exposed_before < fit.failures_after:
        told = f"the {fit.exposed_before:.0f} {unit_of(case)} before it do not rule out that nothing changed"
        return Hypothesis("unknown", confidence, told)
    half = len(case.grid.total) // 2
    failed_early = int((case.bins < half).sum())
    if min(failed_early, case.units - failed_early) < _FEW:
        counted = failed_of(case.units, float(case.grid.total.sum()), case)
        told = f"{counted}: too few to say whether the rate changed"
        return Hypothesis("unknown", confidence, told)
    early, late = float(case.grid.total[:half].sum()), float(case.grid.total[half:].sum())
    rate = "" if fit.rate_after is None else f": {fit.rate_after:.2%} of {unit_of(case)}"
    if late > _SURGE * early:
        told = f"{early:.0f} {unit_of(case)} in the first half of the time, {late:.0f} in the second"
        grown = Evidence("measured", told, "count_exposure")
        told = f"traffic grew, and it fails as often per request as before{rate}"
        return Hypothesis("traffic", confidence, told, (grown,))
    return Hypothesis("unknown", confidence, f"it fails as often per request as ever{rate}")


def _outside(judged: Judged, origin: Origin, facts: pl.DataFrame) -> tuple[Cause, str, tuple[Evidence, ...]]:
    """What it was, if it came from outside."""
    case, split = judged.case, judged.weighed.outside_split
    since = f"since {format_ns(case.fit.at_ns)}"
    hit = len({name for name in case.revisions[case.fit.index :] if name})
    on = f"{hit} revision{'' if hit == 1 else 's'} failed"
    counted = Evidence(
        "measured",
        f"from then on {failed_of(split.failures_bad, split.exposed_bad, case)}, "
        f"before {failed_of(split.failures_good, split.exposed_good, case)}; {on}",
        "count_exposure",
    )
    rotated = _rotation(case, facts)
    if rotated:
        evidence = Evidence("measured", f"{rotated[0]} changed at {format_ns(rotated[1])}", "find_facts", (rotated[2],))
        return "secret_rotation", f"secret {rotated[0]} changed shortly before", (evidence, counted)
    if judged.shared and origin not in {"tests", "scanners"}:
        others = ", ".join(judged.shared[:5])
        evidence = Evidence("measured", f"began within two minutes in {others}, without shared traces", "find_failures")
        return "dependency", f"something that {case.service} and {others} depend on fails {since}", (evidence, counted)
    cause, statement = _by_nature(judged, origin)
    if cause == "unknown":
        return cause, f"{_unexplained(judged)} began at {format_ns(case.fit.at_ns)}", (counted,)
    return cause, f"{statement} {since}", (counted,)


def _unexplained(judged: Judged) -> str:
    """What is said of an onset that no named cause fits: it acquits no deploy."""
    if not judged.weighed.weights:
        return "no deploy is known that could be weighed against what"
    return "no deploy that was weighed and no other named cause explains what"


def _by_nature(judged: Judged, origin: Origin) -> tuple[Cause, str]:
    """What an outside cause most likely is, from who was hit and what the failure says."""
    told: tuple[tuple[bool, Cause, str], ...] = (
        (_CERTIFICATE.search(judged.text) is not None, "certificate", "a certificate is refused"),
        (origin == "tests", "test_harness", "only requests of automated tests fail"),
        (origin == "scanners", "client", "only scanners meet it"),
        (is_about_dependency(judged.text), "dependency", "a dependency cannot be reached"),
    )
    found = next(((cause, statement) for holds, cause, statement in told if holds), None)
    return found or ("unknown", "")


def _rotation(case: Case, facts: pl.DataFrame) -> tuple[str, int, str] | None:
    """The last change of a secret within a quarter of an hour before the onset: its name, time and entry."""
    near = facts.filter(
        (pl.col("kind") == "change")
        & pl.col("at_ns").is_between(case.fit.earliest_ns - _ROTATION_NS, case.fit.at_ns)
        & ((pl.col("project") == case.project) | (pl.col("project") == ""))
    ).sort("at_ns", "insert_id", descending=True)
    for at_ns, insert_id, detail in near.select("at_ns", "insert_id", "detail").iter_rows():
        told = orjson.loads(detail)
        if told.get("secret") and told.get("outcome") != "failed":
            return str(told["secret"]), int(at_ns), str(insert_id)
    return None


def cause_of(attribution: Attribution | None, hypotheses: Sequence[Hypothesis]) -> Cause:
    """The cause that stands: a blamed revision, else the most probable other one when it is at least even."""
    if attribution and attribution.confidence >= _BLAMED:
        return "revision"
    others = [one for one in hypotheses if one.cause != "revision"]
    best = max(others, key=lambda one: one.confidence, default=None)
    return best.cause if best and best.confidence >= _BLAMED else "unknown"


def fault_of(cause: Cause, attribution: Attribution | None) -> Fault:
    """Where the fault sits."""
    if cause == "revision" and attribution:
        change = attribution.change
        return "configuration" if change and change.type in _CONFIG_TYPES else "product"
    faults: dict[Cause, Fault] = {
        "dependency": "dependency", "secret_rotation": "configuration", "certificate": "configuration",
        "client": "client", "test_harness": "test_harness", "traffic": "unknown",
    }  # fmt: skip
    return faults.get(cause, "unknown")


def failed_of(failures: int, exposed: float, case: Case) -> str:
    """Failures beside what was exposed; where less is known to have been exposed, that is said and no share told."""
    if failures > round(exposed):
        return f"{failures} failures, while only {exposed:.0f} {unit_of(case)} are known"
    return f"{failures} of {exposed:.0f} {unit_of(case)} failed"


def unit_of(case: Case) -> str:
    """What the exposure of a case is counted in: all figures of a cluster speak of it."""
    return {"requests": "requests", "traces": "traces", "minutes": "instance minutes", "entries": "entries"}[
        case.grid.unit
    ]
