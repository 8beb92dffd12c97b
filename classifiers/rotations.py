"""Rotations: whether a change of a secret explains a case, by when the instances that failed were started.

A secret behind an environment variable is read when an instance starts: only instances started since the change fail,
of one and the same revision. One in a volume, or fetched by the program, is read at any time: then everything fails
from some moment on. Both are tried; what a service is known to refer to says which is the likelier.
"""

import math
import re
from collections.abc import Collection, Sequence

from msgspec import Struct

from classifiers.cases import Case
from classifiers.config import AttributionConfig
from classifiers.findings import Evidence
from classifiers.instances import Instances
from classifiers.platform_changes import PlatformChange
from classifiers.rivals import START_SLACK_NS, Rival, Split, moment_gain
from classifiers.telling import as_rate, delays, summed
from collector.records import Revision
from collector.window import format_ns

__all__ = ["Ground", "Use", "rotation_rivals", "uses_of"]

_ACCESS = re.compile(
    r"(?i)\b40[13]\b|auth|passw|credential|secret|token|signature|\bkey\b|decrypt|forbidden|denied|permission|jwt|hmac"
)
_REVOKED = re.compile(r"(?i)disable|destroy|delete")
_BY_REVOKING = 4.0  # how much likelier a version is to break who reads it that is disabled or destroyed
_AT_START = 0.8  # how likely a variable's change shows by the start of instances, a volume's by the time alone
_UNKNOWN_USE = 0.1  # of the prior where a service is not known to refer to the secret
_NAMED_ONLY = 0.2  # ... where it is known not to, but the failure names it: the program may fetch it itself
_NAMED = 5.0  # ... where the failure names the secret or the key behind which it lies
_SPEAKS = 3.0  # ... where the failure speaks of access, keys or signatures, and as much rarer where it does not
_MOST = 0.9
_MEAN_DELAY_MIN = 15.0  # until a change shows in what is read at any time


class Use(Struct, frozen=True):
    """That a revision refers to a secret: by what key or path, at which version, in a variable or a volume."""

    key: str
    version: str
    is_variable: bool

    @property
    def is_floating(self) -> bool:
        """It names no version by its number: what is newest, or an alias."""
        return not self.version.isdigit()


def uses_of(revision: Revision, change: PlatformChange) -> list[Use] | None:
    """How a revision refers to the secret that changed; None where that is not known."""
    config = revision.config
    if config is None or "env" not in config:
        return None
    found = [
        Use(key, str(told.get("version") or ""), is_variable=True)
        for key, told in sorted(config["env"].items())
        if told.get("source") == "secret" and _is_same(str(told.get("secret")), change)
    ]
    for name, volume in sorted((config.get("volumes") or {}).items()):
        if volume.get("kind") == "secret" and _is_same(str(volume.get("secret")), change):
            items = volume.get("items") or {name: ""}
            found += [Use(path, str(version or ""), is_variable=False) for path, version in sorted(items.items())]
    return found


class Ground(Struct, frozen=True):
    """What rotations are weighed on: revisions with their configuration, when instances started, priors."""

    revisions: Sequence[Revision]
    instances: Instances
    config: AttributionConfig


def rotation_rivals(case: Case, text: str, changes: Sequence[PlatformChange], ground: Ground) -> list[Rival]:
    """One explanation for each change of a secret that came before the case and that its service can have met."""
    found = []
    for place, change in enumerate(changes):
        is_before = change.at_ns <= case.fit.latest_ns + START_SLACK_NS
        if change.kind != "secret_version" or not change.secret or change.outcome == "failed" or not is_before:
            continue
        if change.project not in {"", case.project}:
            continue
        until = next((one.at_ns for one in changes[place + 1 :] if one.secret == change.secret), None)
        rival = _rival(case, text, change, until, ground)
        if rival:
            found.append(rival)
    return found


def _rival(case: Case, text: str, change: PlatformChange, until_ns: int | None, ground: Ground) -> Rival | None:
    uses = _uses(case, change, ground.revisions)
    met = None if uses is None else [use for use in uses if use.is_floating or use.version == change.version]
    is_named = _names(text, [change.secret, *(use.key for use in uses or ())])
    prior = _prior(change, met, is_named=is_named, config=ground.config)
    if prior is None or (uses and not met):
        return None  # it is pinned to another version
    at_start = 0.5 if not met else _AT_START if any(use.is_variable for use in met) else 1 - _AT_START
    shown = _shown(case, change, until_ns, ground.instances, at_start)
    if not shown:
        return None
    _, split, is_start = max(shown, key=lambda one: one[0])
    statement, evidence = _told(case, change, split, ground.instances if is_start else None, met)
    shared = sorted({one.service for one in ground.revisions if one.service != case.service and uses_of(one, change)})
    if shared:
        told_of = f"{', '.join(shared[:5])} refer{'s' if len(shared) == 1 else ''} to secret {change.secret} too"
        evidence.append(Evidence("measured", told_of, "find_facts"))
    speaks = _SPEAKS if _ACCESS.search(text) else 1 / _SPEAKS
    if speaks > 1:
        evidence.append(Evidence("inferred", "the failure speaks of access or keys", "rule:speaks-of-access"))
    weight = math.log(min(prior * speaks, _MOST)) + summed([one[0] for one in shown])
    return Rival("secret_rotation", statement, weight, split, tuple(evidence))


def _uses(case: Case, change: PlatformChange, revisions: Sequence[Revision]) -> list[Use] | None:
    """How the failing revisions refer to the secret; None where any of them does not tell."""
    failing = set(case.revisions[case.fit.index :])
    own = [one for one in revisions if (one.project, one.service) == (case.project, case.service)]
    told = [uses_of(one, change) for one in own if one.revision in failing]
    known = [uses for uses in told if uses is not None]
    return [use for uses in known for use in uses] if told and len(known) == len(told) else None


def _shown(
    case: Case, change: PlatformChange, until_ns: int | None, instances: Instances, at_start: float
) -> list[tuple[float, Split, bool]]:
    """Every way in which the change may show, until the next one or for ever: log weight, split, whether by start."""
    end_ns = case.grid.timeline.end_ns
    ends = [end_ns] if until_ns is None or until_ns >= end_ns else [until_ns, end_ns]
    found = []
    for end in ends:
        split = instances.started(case, change.at_ns, end)
        if split is not None and math.isfinite(split.gain):
            found.append((math.log(at_start / len(ends)) + split.gain, split, True))
        gain, moment = moment_gain(case, delays(case.held.timeline, change.at_ns, end, _MEAN_DELAY_MIN))
        if math.isfinite(gain):
            found.append((math.log((1 - at_start) / len(ends)) + gain, moment, False))
    return found


def _prior(
    change: PlatformChange, met: Collection[Use] | None, *, is_named: bool, config: AttributionConfig
) -> float | None:
    """How likely such a change is to break the service, before anything was counted; None: it cannot have met it."""
    prior = config.bad_rotations * (_BY_REVOKING if _REVOKED.search(change.method) else 1.0)
    if met is None:
        prior *= _UNKNOWN_USE
    elif not met:
        if not is_named:
            return None
        prior *= _NAMED_ONLY
    return min(prior * (_NAMED if is_named else 1.0), _MOST)


def _told(
    case: Case, change: PlatformChange, split: Split, instances: Instances | None, met: Sequence[Use] | None
) -> tuple[str, list[Evidence]]:
    at = format_ns(change.at_ns)
    evidence = [Evidence("measured", f"{change.what} at {at}", "find_facts", change.insert_ids[:5])]
    if met:
        how = "when an instance starts" if met[0].is_variable else "from a volume, whenever the program opens it"
        version = "its newest version" if met[0].is_floating else f"version {met[0].version}"
        keys = ", ".join(sorted({use.key for use in met})[:3])
        evidence.append(Evidence("measured", f"{case.service} reads {version} as {keys}, {how}", "find_facts"))
    elif met is None:
        evidence.append(Evidence("unknown", f"whether {case.service} refers to secret {change.secret} is not known"))
    if instances is None:
        evidence.append(as_rate(case, split, f"from {at} on", "before"))
        return f"{change.what} at {at}, and it fails since", evidence
    evidence.append(as_rate(case, split, "instances started since then", "all others", "count_instance_requests"))
    failed, exposed = instances.older(case, change.at_ns)
    told = f"instances that were running already: {failed} of {exposed:.0f} failed after it"
    evidence.append(Evidence("measured", told, "count_instance_requests"))
    on = {name for name in case.revisions[case.fit.index :] if name}
    whom = f"instances of {min(on)}" if len(on) == 1 else f"instances of {len(on)} revisions"
    return f"{change.what} at {at}: {whom} started since fail", evidence


def _is_same(secret: str, change: PlatformChange) -> bool:
    project, _, name = secret.rpartition("/")
    return name == change.secret and (project in {"", change.project} or project.isdigit())


def _names(text: str, names: Sequence[str]) -> bool:
    return any(re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", text) for name in names if name)
