"""What chains of answers are made of beside the findings: cases, the ledger, changes outside it, words of people."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct, field

from classifiers.cases import Case
from classifiers.findings import SURE_FROM, Cluster, Evidence, VanishedKey, Why
from classifiers.forecasts import forecast_of
from classifiers.history import History
from classifiers.platform_changes import PlatformChange
from classifiers.record import Claim, Settlement, claims_on
from classifiers.suspects import CallGraph
from collector.records import Revision

__all__ = ["LIKELIEST", "WhyGround", "join_names", "sentence", "sure_words", "titled", "unknown_step"]

Step = Literal["cause", "change", "entry"]


LIKELIEST = "rule:likeliest-explanation"  # of all that were weighed on the same counts
_SURE = dict(zip(SURE_FROM, ("very likely", "likely", "suspected"), strict=True))
_OPENERS = ("a ", "from ", "in ", "instances ", "new ", "requests ", "since ", "the ")  # words, and no names
_TITLE = 110  # characters of what a failure says inside a sentence


class WhyGround(Struct, frozen=True):
    """`cases` are the problems, by the id of their cluster."""

    cases: Mapping[str, Case]
    revisions: Mapping[tuple[str, str, str], Revision]  # by project, service and name
    changes: Sequence[PlatformChange]
    vanished: Sequence[VanishedKey]
    calls: CallGraph
    claims: Sequence[Claim] = field(default=())

    @classmethod
    def of(
        cls, cases: Iterable[Case], history: History, calls: CallGraph, vanished: Sequence[VanishedKey],
        claims: Sequence[Claim] = (),
    ) -> "WhyGround":  # fmt: skip
        """The ground, indexed."""
        return cls(
            {one.cluster_id: one for one in cases},
            {(one.project, one.service, one.revision): one for one in history.revisions},
            history.changes,
            vanished,
            calls,
            claims,
        )

    def said_of(self, cluster: Cluster) -> Settlement | None:
        """The last word of a person on the verdict that is told of a cluster."""
        told = forecast_of(cluster, made_at_ns=0, made_by="")
        words = [
            claim.by_person
            for claim in (claims_on(self.claims, told) if self.claims else ())
            if claim.by_person
            and claim.by_person.outcome in {"right", "wrong"}
            and (claim.last.cause, claim.last.revision) == (told.cause, told.revision)
        ]
        return max(words, key=lambda one: one.settled_at_ns, default=None)

    def change_of(self, evidence: Iterable[Evidence]) -> PlatformChange | None:
        """The change outside the revisions that facts tell of."""
        named = {name for fact in evidence if fact.query == "find_facts" for name in fact.entry_ids}
        return next((one for one in self.changes if named & set(one.insert_ids)), None)


def sure_words(confidence: float) -> str:
    """What a probability is called."""
    return next((word for floor, word in _SURE.items() if confidence >= floor), "not shown")


def join_names(names: Iterable[str], most: int = 3) -> str:
    """`a, b and c`; of more the first ones, and `others`."""
    every = list(names)
    if len(every) > most:
        every = [*every[: most - 1], "others"]
    return f"{', '.join(every[:-1])} and {every[-1]}" if len(every) > 1 else "".join(every)


def titled(text: str) -> str:
    """What a failure says, as it stands in a sentence: one line, cut between words."""
    flat = " ".join(text.split())
    if len(flat) <= _TITLE:
        return f"`{flat}`"
    return f"`{flat[:_TITLE].rpartition(' ')[0] or flat[:_TITLE]} ...`"


def sentence(fact: str) -> str:
    """The statement of a fact with a capital and a full stop; a name at its beginning stays as it is."""
    text = fact.rstrip(". ")
    return f"{text[:1].upper() if text.startswith(_OPENERS) else text[:1]}{text[1:]}."


def unknown_step(step: Step, told: str, revisions: Sequence[str] = ()) -> Why:
    """The end of a chain: what is not known, and what would tell."""
    return Why(step, told, "unknown", (Evidence("unknown", told, None, (), (), tuple(revisions)),))
