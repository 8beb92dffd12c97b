"""Settling: what stored rows that came after a verdict say about it. Each rule is conservative: unclear stays open.

A rule speaks only where failures are counted in requests or traces, `forecasts.failures` of them at least, and where so
much was exposed since that `forecasts.expected` failures should have come at the rate of before (rule of three on
attempts, never on minutes; bursts count for less). What settles a verdict must have begun after it was told.

rollback: it failed to the end, then only revisions from before the blamed one serve, and none of their attempts fails:
    right. They fail as often (`forecasts.unchanged`): wrong. Nothing else may have been deployed or changed between the
    last failure and the first good attempt. Cannot know: an outage that ended in that very minute; data that the deploy
    spoilt for every revision.
redeploy: the same of later revisions in which the named change is as it was before: right, and the change is right too.
    If they fail, another change of the blamed deploy may do it: open. Cannot know: what else those revisions mended.
fix: a later revision in which the named thing changed again never fails, while older ones beside it still do: right.
    Without failures beside it, it is open: where every deploy brings a new image, an outage soon ends beside one.
refutation: it failed as often before the blamed revision existed, as late rows may tell: wrong. Cannot know: two
    failures that read alike.
ended: no revision was blamed, and the very revisions that failed serve on without failing: void. That fits an outage,
    and also a revision whose trigger went away; and it never shows that the cause was the one that was named.

Two rules that disagree, now or later, make a claim void ("contradiction"). A revision that is not blamed any more, or a
failure that just faded, settles nothing.
"""

from collections.abc import Iterable, Sequence

from classifiers.cases import Case
from classifiers.config import ForecastConfig
from classifiers.forecasts import Forecast
from classifiers.history import History
from classifiers.record import Claim, Settlement
from classifiers.scenes import Scene, Stretch
from classifiers.signatures import RULES
from collector.replacing import replace

__all__ = ["judge", "settle"]

_PLENTY = 4.0  # times what proves


def settle(
    claims: Iterable[Claim], history: History, cases: Sequence[Case], *, now_ns: int, config: ForecastConfig
) -> tuple[Settlement, ...]:
    """New words of rules on claims that no person has settled, each claim at most once."""
    by_id = {case.cluster_id: case for case in cases}
    found = []
    for claim in claims:
        case = _case_of(claim.first, by_id, cases)
        if case is None or claim.by_person is not None or claim.first.rules != RULES or not case.is_counted:
            continue
        told = judge(claim, Scene.of(claim.first, case, history), config)
        said = claim.by_rule
        if told is None or (said is not None and said.outcome in {told.outcome, "void"}):
            continue
        if said is not None:
            told = replace(told, outcome="void", how="contradiction", change_outcome="")
        found.append(replace(told, settled_at_ns=now_ns, rules=RULES))
    return tuple(found)


def judge(claim: Claim, scene: Scene, config: ForecastConfig) -> Settlement | None:
    """The word of the rules on one claim; None where they have none."""
    if not claim.first.revision:
        return _ended(claim.id, scene, config)
    if not scene.is_known:
        return None
    told = [
        one
        for one in (
            _refuted(claim.id, scene, config),
            *_swept(claim.id, scene, config),
            _fixed(claim.id, scene, config),
        )
        if one is not None
    ]
    outcomes = {one.outcome for one in told}
    if len(outcomes) > 1:
        return replace(told[0], outcome="void", how="contradiction", change_outcome="")
    return max(told, key=lambda one: one.change_outcome, default=None)


def _case_of(forecast: Forecast, by_id: dict[str, Case], cases: Sequence[Case]) -> Case | None:
    """The failure that a claim is about, whichever signature leads its cluster now."""
    if forecast.cluster_id in by_id:
        return by_id[forecast.cluster_id]
    own = [one for one in cases if (one.project, one.service) == (forecast.project, forecast.service)]
    signatures = set(forecast.signature_ids)
    return max(
        (one for one in own if signatures & set(one.signature_ids)),
        key=lambda one: (len(signatures & set(one.signature_ids)), one.cluster_id),
        default=None,
    )


def _refuted(claim_id: str, scene: Scene, config: ForecastConfig) -> Settlement | None:
    """It failed as often before the blamed revision existed."""
    before, since = scene.before(), scene.bad(until=scene.end)
    if min(before.failures, since.failures) < config.failures or before.rate < config.unchanged * since.rate:
        return None
    told = f"{before.words} before {scene.forecast.revision} existed; {since.words} since"
    return _said(claim_id, "wrong", "refutation", told, before)


def _swept(claim_id: str, scene: Scene, config: ForecastConfig) -> Iterable[Settlement]:
    """What every stretch of time says in which only revisions without the blamed change served."""
    for stretch in scene.clean_stretches(limit=_limit(scene, config)):
        bad = scene.bad(until=stretch.start)
        if bad.failures < config.failures or not scene.went_on_until(stretch, bad, config.expected):
            continue
        how = "redeploy" if scene.is_restored(stretch) else "rollback"
        told = f"{bad.words} from the onset on; {stretch.words} since {stretch.named} serves alone"
        expected = bad.rate * stretch.exposed / scene.dispersion
        if not stretch.failures and expected >= config.expected and scene.is_only_change(stretch):
            change = "right" if scene.is_restored(stretch) else ""
            yield _said(claim_id, "right", how, told, bad, stretch, change=change)
        is_same = stretch.failures >= config.failures and stretch.rate >= config.unchanged * bad.rate
        if is_same and not scene.is_restored(stretch):
            yield _said(claim_id, "wrong", how, told, stretch, bad)


def _fixed(claim_id: str, scene: Scene, config: ForecastConfig) -> Settlement | None:
    """The first later revision that changed the named thing again and runs well beside older ones that still fail."""
    for fix in scene.fixes(limit=_limit(scene, config)):
        bad = scene.bad(until=fix.start)
        beside = scene.failing_beside(fix)
        expected = bad.rate * fix.exposed / scene.dispersion
        if fix.failures or expected < config.expected or min(bad.failures, beside) < config.failures:
            continue
        told = (
            f"{fix.words} on {fix.named}, in which {scene.forecast.change_name} changed again, "
            f"while {beside} failed on older revisions"
        )
        return _said(claim_id, "right", "fix", told, fix, bad)
    return None


def _ended(claim_id: str, scene: Scene, config: ForecastConfig) -> Settlement | None:
    """The revisions that failed serve on, and nothing fails any more."""
    failed, silent = scene.failed(), scene.silent()
    if failed.failures < config.failures or failed.rate * silent.exposed / scene.dispersion < config.expected:
        return None
    told = f"{failed.words}, then {silent.words} on the very revisions that failed: no deploy ended it"
    return _said(claim_id, "void", "ended", told, failed, silent)


def _limit(scene: Scene, config: ForecastConfig) -> float:
    """Exposed units after which nothing more is asked: what fails much later may be another story."""
    rate = scene.bad(until=scene.end).rate
    return _PLENTY * config.expected * scene.dispersion / rate if rate else 0.0


def _said(claim_id: str, outcome: str, how: str, told: str, *stretches: Stretch, change: str = "") -> Settlement:
    return Settlement(
        forecast_id=claim_id,
        outcome=outcome,  # type: ignore[arg-type] # one of Outcome, as written above
        how=how,
        settled_by="rule",
        statement=told,
        settled_at_ns=0,
        change_outcome=change,
        entry_ids=tuple(dict.fromkeys(name for one in stretches for name in one.entry_ids))[:5],
        trace_ids=tuple(dict.fromkeys(name for one in stretches for name in one.trace_ids))[:5],
        revisions=tuple(dict.fromkeys(name for one in stretches for name in one.revisions))[:5],
    )
