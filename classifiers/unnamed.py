"""What is left of a case when neither a revision nor a named rival explains it: an outside cause, or no change at all.

Something from outside may have begun at any moment; who was hit, what else failed at once and what the failure says
tell of what kind it was. Where nothing began, the failure is as old as what is known, or there is only more to fail.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.findings import Cause, Evidence, Hypothesis, Origin
from classifiers.incidents import addresses_in
from classifiers.natures import is_about_certificate, is_about_dependency
from classifiers.telling import failed_of, unit_of
from classifiers.weighing import Judged
from collector.window import NS_PER_S, format_ns

__all__ = ["in_shared_minutes", "outside_of", "steady_of"]

_SURGE = 1.5
_FEW = 4  # failures in each half of the time, below which no rate can be called unchanged
_NEAR = timedelta(minutes=15)  # an instant told in a message, for it to be that of the onset
_OWN_TIME = timedelta(seconds=5)
_INSTANT = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?")
_EVEN = 0.3  # probability of a revision from which it is as likely as the tests
_LEAST = 1.0  # exposure of a revision beside another one, for the two to be compared


def outside_of(judged: Judged, origin: Origin) -> tuple[Cause, str, tuple[Evidence, ...]]:
    """What it was, if it came from outside at no moment that anything is known of."""
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
    if judged.shared and origin not in {"tests", "scanners"}:
        others = ", ".join(judged.shared[:5])
        evidence = Evidence(
            "measured",
            f"began in {others} too, at the same time as far as requests tell, without shared traces",
            "find_failures",
        )
        if is_about_certificate(judged.text):
            told = (evidence, counted, *_told_instant(judged), *in_shared_minutes(case))
            return "certificate", f"a certificate is refused {since}, in {others} too", told
        statement = f"something that {case.service} and {others} depend on fails {since}"
        return "dependency", statement, (evidence, counted, *in_shared_minutes(case), *_named_target(judged))
    cause, statement, reasons = _by_nature(judged, origin)
    if cause == "unknown":
        statement = f"{_unexplained(judged)} began at {format_ns(case.fit.at_ns)}"
        return cause, statement, (counted, *in_shared_minutes(case))
    return cause, f"{statement} {since}", (counted, *reasons, *in_shared_minutes(case))


def in_shared_minutes(case: Case) -> tuple[Evidence, ...]:
    """Failures of every revision in the bins since the onset in which others served too; none of one alone."""
    if not case.is_counted:
        return ()
    since = int(case.bins[case.fit.index])
    spread = {name: counts for name, counts in sorted(case.held.by_revision.items()) if name and counts[since:].any()}
    if len(spread) < 2:  # noqa: PLR2004 - one alone
        return ()
    both = (np.sum([counts > 0 for counts in spread.values()], axis=0) > 1) & (np.arange(len(case.held.total)) >= since)
    labels = np.array(case.revisions, dtype=object)
    told = []
    for name, counts in spread.items():
        failed, asked = int((both[case.bins] & (labels == name)).sum()), float(counts[both].sum())
        if asked >= _LEAST:
            told.append(f"{name} {failed} of {max(asked, failed):.0f}")
    if len(told) < 2:  # noqa: PLR2004 - one alone
        return ()
    return (Evidence("measured", f"in the minutes that they share failed: {', '.join(told[:4])}", "count_exposure"),)


def steady_of(judged: Judged, origin: Origin, confidence: float) -> Hypothesis:
    """That nothing changed: as many failures per request as ever, or nothing to compare with."""
    case, fit = judged.case, judged.case.fit
    unit = unit_of(case)
    if fit.is_change or fit.exposed_before < fit.failures_after:
        before = round(fit.exposed_before)
        told = f"the {before} {unit} before it do not" if before > 1 else f"not enough {unit} are known before it to"
        return Hypothesis("unknown", confidence, f"{told} rule out that nothing changed")
    half = len(case.grid.total) // 2
    failed_early = int((case.bins < half).sum())
    if min(failed_early, case.units - failed_early) < _FEW:
        counted = failed_of(case.units, float(case.grid.total.sum()), case)
        return Hypothesis("unknown", confidence, f"{counted}: too few to say whether the rate changed")
    rate = "" if fit.rate_after is None else f": {fit.rate_after:.2%} of {unit}"
    first = f"first seen {format_ns(int(case.times_ns[0]))}, {case.units} times since"
    old = Evidence("measured", first, "find_failures")
    if origin == "tests":
        told = f"a constant share of test requests fails since the first that is known, as if they asked for it{rate}"
        return Hypothesis("test_harness", confidence, told, (old,))
    grown = _growth(case)
    if grown:
        told = f"traffic grew, and it fails as often per request as before{rate}"
        return Hypothesis("traffic", confidence, told, (grown, old))
    return Hypothesis("unknown", confidence, f"it fails as often per request as ever{rate}", (old,))


def _growth(case: Case) -> Evidence | None:
    """Requests a minute before and since the moment at which they grew most clearly; None where they hardly did."""
    asked, line = case.grid.total, case.grid.timeline
    began = int(np.argmax(asked > 0))
    known = asked[began:]
    if len(known) < _FEW:
        return None
    rise = _rise(known)
    if not rise:
        return None
    end = len(known) - _rise(known[rise:][::-1])
    before, since = float(known[:rise].mean()) / line.bin_minutes, float(known[rise:end].mean()) / line.bin_minutes
    if since < _SURGE * before:
        return None
    at = format_ns(line.start_ns + (began + rise) * line.bin_ns)
    told = f"{since:.1f} {unit_of(case)} a minute since {at}, {before:.1f} before"
    return Evidence("measured", told, "count_exposure")


def _rise(counts: NDArray[np.float64]) -> int:
    """The bin from which on counts are highest against those before, by Poisson likelihood; 0 where they never rise."""
    many = len(counts)
    passed = np.arange(1, many)
    before = counts.cumsum()[:-1]
    after = float(counts.sum()) - before
    left = before / passed
    right = after / (many - passed)
    with np.errstate(divide="ignore", invalid="ignore"):
        gains = np.where(before > 0, before * np.log(left), 0.0) + np.where(after > 0, after * np.log(right), 0.0)
    gains = np.where(right > left, gains, -np.inf)
    return int(np.argmax(gains)) + 1 if np.isfinite(gains).any() else 0


def _unexplained(judged: Judged) -> str:
    """What is said of an onset that no named cause fits: it acquits no deploy."""
    if not judged.weighed.weights:
        return "no deploy is known that could be weighed against what"
    return "no deploy that was weighed and no other named cause explains what"


def _by_nature(judged: Judged, origin: Origin) -> tuple[Cause, str, Sequence[Evidence]]:
    """What an outside cause most likely is, from who was hit and what the failure says."""
    if is_about_certificate(judged.text) and origin not in {"tests", "scanners"}:
        return "certificate", "a certificate is refused", _told_instant(judged)
    if origin == "tests":
        return "test_harness", "only requests of automated tests fail", (*_spared(judged.case), *_alike(judged))
    if origin == "scanners":
        return "client", "only scanners meet it", ()
    if is_about_dependency(judged.text):
        return "dependency", "a dependency cannot be reached", _named_target(judged)
    return "unknown", "", ()


def _spared(case: Case) -> Sequence[Evidence]:
    """Users of the same routes, and how many of them would have failed like the tests."""
    if case.spared < _LEAST:
        return (Evidence("unknown", "users hardly asked on the same routes: whether they are spared is not known"),)
    told = f"users of the same routes did not fail; at the rate of the tests {case.spared:.0f} of them would have"
    return (Evidence("measured", told, "count_exposure"),)


def _alike(judged: Judged) -> Sequence[Evidence]:
    """That tests which changed with a deploy look the same as what it broke, where neither is clearly likelier."""
    best = judged.weighed.best
    if best is None or best.confidence < _EVEN or judged.case.spared < _LEAST:
        return ()
    told = f"tests that changed with {best.candidate.revision} would fail alike: counts do not tell which of them it is"
    return (Evidence("inferred", told, "rule:tests-or-product", revisions=(best.candidate.revision,)),)


def _told_instant(judged: Judged) -> Sequence[Evidence]:
    """An instant in the message that is that of the onset: when a certificate ended or begins to hold."""
    onset = datetime.fromtimestamp(judged.case.fit.at_ns // NS_PER_S, UTC)
    for found in _INSTANT.finditer(judged.text):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        try:
            at = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            continue
        is_own_time = abs(onset - at) <= _OWN_TIME and at.second % 59  # many lines tell when they were written
        if abs(onset - at) <= _NEAR and not is_own_time:
            return (Evidence("inferred", f"the message tells of {found[0]} UTC, where it begins", "rule:told-instant"),)
    return ()


def _named_target(judged: Judged) -> Sequence[Evidence]:
    """The address that the failure names, whatever the revision."""
    found = addresses_in(judged.text)
    return (Evidence("inferred", f"the failure names {min(found)}", "rule:named-address"),) if found else ()
