"""The calibration ledger's pen: stores what was told and what became of it, each time in one short transaction.

Everything is decided anew inside the transaction on what is stored by then, so that two writers, or one that was killed
between two cycles, store nothing twice.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from classifiers.classify import cases_of
from classifiers.config import ClassifyConfig
from classifiers.findings import Absence, Cluster, Findings, Latency, Record
from classifiers.forecasts import (
    FORECAST_SCHEMA,
    Forecast,
    forecast_of,
    forecasts_of,
    frame_of,
    is_same_failure,
    new_forecasts,
    placed_among,
    read_rows,
)
from classifiers.history import read_history
from classifiers.record import SETTLEMENT_SCHEMA, Claim, Outcome, Settlement, read_claims, record_of
from classifiers.service_names import plain_name
from classifiers.settling import settle
from classifiers.signatures import RULES
from collector.errors import ConfigError
from collector.store import Store, Writer

__all__ = ["Remembered", "Said", "remember", "say", "say_later"]

_EVER_NS = 2**63 - 1
_DAY_NS = 86_400_000_000_000
_NOTE = 500  # characters of a person's note


class Remembered(Struct, frozen=True):
    """What one look added to the ledger: verdicts that nobody was told before, and what rules settled."""

    told: int
    settled: tuple[Settlement, ...]


class Said(Struct, frozen=True):
    """A person's word on a claim; `is_new` is False where the same had been said. record: all that is stored now.

    `is_noted`: the word stands, and has another note than it had.
    """

    claim: Claim
    is_new: bool
    record: Record
    is_noted: bool = False


def remember(
    store: Store, findings: Findings, config: ClassifyConfig, *, also: Callable[[Writer], object] = lambda _: None
) -> Remembered:
    """Stores the verdicts of these findings, and what the rows stored by now say of earlier ones.

    `also` stores what else becomes of this look, in the same transaction.
    """
    settlements = _settled_now(store, findings, config)
    told = forecasts_of(findings, made_by="daemon")
    with store.write() as writer:
        claims = read_claims(writer, end_ns=_EVER_NS)
        fresh = new_forecasts(told, _rows(writer), _settled_ids(claims), config.forecasts)
        known = {claim.id: claim for claim in claims}
        kept = tuple(one for one in settlements if _is_news(one, known[one.forecast_id]))
        _insert(writer, fresh, kept)
        also(writer)
    before = {claim.id for claim in claims}
    return Remembered(len({one.forecast_id for one in fresh} - before), kept)


def say(
    store: Store, found: Cluster | Latency | Absence, outcome: Outcome, *, revision: str | None, note: str, now_ns: int
) -> Said:  # fmt: skip
    """A person's word on the verdict on a finding, which is stored first where no daemon did; `open` takes it back.

    The same word once more is stored where it comes with another note.

    `revision`: the verdict that blames this one, where several were told. ConfigError where there is no such verdict.
    """
    told = forecast_of(found, made_at_ns=now_ns, made_by="settle")
    with store.write() as writer:
        stored = _rows(writer)
        place = placed_among(told, stored, ())
        wanted = _wanted(place, stored, revision)
        before = next((one for one in read_claims(writer, end_ns=_EVER_NS) if one.id == wanted), Claim(place, place))
        said = before.by_person.outcome if before.by_person else "open"
        is_noted = before.by_person is not None and bool(note) and before.by_person.note != note[:_NOTE]
        if said != outcome or is_noted:
            is_untold = all(row.forecast_id != wanted for row in stored)
            word = Settlement(wanted, outcome, "person", "person", "", now_ns, note=note[:_NOTE], rules=RULES)
            _insert(writer, (place,) if is_untold else (), (word,))
        claims = read_claims(writer, end_ns=_EVER_NS)
    now = next((claim for claim in claims if claim.id == wanted), before)
    return Said(now, said != outcome, record_of(claims), is_noted=is_noted)


def say_later(writer: Writer, finding_id: str, outcome: Outcome, *, said_ns: int, now_ns: int) -> bool:
    """A person's word, heard after a while, on the verdict on a finding that was told last before it was said.

    False where nothing was claimed by then, or the same was said before.
    """
    told = [one for one in _rows(writer) if one.cluster_id == finding_id and one.made_at_ns <= said_ns and one.is_claim]
    if not told:
        return False
    wanted = told[-1].forecast_id
    before = next((one for one in read_claims(writer, end_ns=_EVER_NS) if one.id == wanted), None)
    if before is not None and before.by_person is not None and before.by_person.outcome == outcome:
        return False
    _insert(writer, (), (Settlement(wanted, outcome, "person", "person", "", now_ns, rules=RULES),))
    return True


def _settled_now(store: Store, findings: Findings, config: ClassifyConfig) -> tuple[Settlement, ...]:
    """What rules say now of claims whose failure lies in the history that is looked at."""
    window = findings.window
    since_ns = window.start_ns - round(config.history.baseline_days * _DAY_NS)
    with store.read() as reader:
        claims = [
            claim
            for claim in read_claims(reader, end_ns=_EVER_NS)
            if claim.first.onset_ns >= since_ns and claim.by_person is None and claim.outcome != "void"
        ]
        if not claims:
            return ()
        history = read_history(
            reader, window=window, config=config.history, rules=config.clusters.rules, origins=config.origins
        )
    return settle(claims, history, cases_of(history, config), now_ns=findings.now_ns, config=config.forecasts)


def _is_news(word: Settlement, claim: Claim) -> bool:
    """Nobody settled the claim since it was looked at."""
    said = claim.by_rule
    return claim.by_person is None and (said is None or said.outcome not in {word.outcome, "void"})


def _wanted(told: Forecast, stored: Sequence[Forecast], revision: str | None) -> str:
    """The id of the claim that a person means: what is told now, else what was told of the same failure last."""
    own = [one for one in stored if one.episode_id == told.episode_id]
    own = own or [one for one in stored if is_same_failure(one, told)]
    every = [*own, *([told] if told.is_claim else [])]
    if revision is not None:
        short = [(one, one.revision.removeprefix(f"{plain_name(one.blamed_service)}-")) for one in every]
        named = [one for one, name in short if revision in {one.revision, name}]
        every = [one for one in named if one.revision]
        if not every:
            blamed = ", ".join(sorted({one.revision for one in own if one.revision} | {told.revision} - {""}))
            raise ConfigError(
                f"--revision is `{revision[:80]}`, which no verdict on this failure blames; "
                f"blamed: {blamed or 'none'}. Name one of these, or leave it out."
            )
    if not every:
        raise ConfigError(
            f"Nothing was claimed about `{told.cluster_id}`: no explanation stands out, so there is nothing to settle. "
            "See `logtriage show` for what was weighed."
        )
    return every[-1].forecast_id


def _rows(writer: Writer) -> tuple[Forecast, ...]:
    return read_rows(writer.frame("find_forecasts", end_ns=_EVER_NS), Forecast)


def _settled_ids(claims: Sequence[Claim]) -> frozenset[str]:
    return frozenset(claim.id for claim in claims if claim.outcome != "open")


def _insert(writer: Writer, forecasts: Sequence[Forecast], settlements: Sequence[Settlement]) -> None:
    if forecasts:
        writer.execute("insert_forecasts", relation=frame_of(forecasts, FORECAST_SCHEMA))
    if settlements:
        writer.execute("insert_settlements", relation=frame_of(settlements, SETTLEMENT_SCHEMA))
