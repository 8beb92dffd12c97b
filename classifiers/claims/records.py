"""What a written analysis says, piece by piece, and what became of it. No I/O."""

from typing import Literal

from msgspec import Struct, field

__all__ = ["Amount", "Answer", "Checked", "Claim", "Kind", "Mark", "Moment", "Names", "Reading", "Span", "Subject"]

Kind = Literal[
    "count", "share", "moment", "deployed", "first bad", "good", "bad", "between", "rolled back", "change", "no change",
    "silence", "everywhere", "origin", "cause", "health", "latency", "slower",
]  # fmt: skip
Mark = Literal["confirmed", "contradicted", "cannot tell"]


class Names(Struct, frozen=True):
    """What the store knows by name: a text is read with them, so that a name in a sentence is seen as one."""

    services: tuple[str, ...] = ()
    revisions: tuple[tuple[str, str], ...] = ()  # service and full name
    events: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()  # variables of any revision


class Amount(Struct, frozen=True):
    """A number as it was written: what lies in [low, high] fits it, what lies outside of [least, most] refutes it."""

    low: float
    high: float
    least: float
    most: float
    text: str

    def fits(self, value: float) -> bool:
        """The value is what was written."""
        return self.low <= value <= self.high

    def refuted_by(self, value: float) -> bool:
        """The value is clearly another one."""
        return not self.least <= value <= self.most


class Moment(Struct, frozen=True):
    """A written instant: every instant that it may mean, in UTC, the likeliest first.

    `width_ns` is how long what was written lasts: a minute for 20:33. `is_zoned`: its zone was written, here or for the
    whole document.
    """

    at_ns: tuple[int, ...]
    width_ns: int
    is_zoned: bool
    is_about: bool
    text: str


class Span(Struct, frozen=True):
    """A written span of time; a missing end is that of the window. `relation` says how the text names it."""

    relation: Literal["between", "since", "before"]
    start: Moment | None
    end: Moment | None


class Subject(Struct, frozen=True):
    """What a claim is about, as it is named: quoted texts, exceptions, statuses, routes, events, places."""

    texts: tuple[str, ...] = ()
    statuses: tuple[tuple[int, int], ...] = ()  # from and to, both included
    routes: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()  # as written
    words: tuple[str, ...] = ()  # of the sentence, where nothing better names it

    @property
    def is_named(self) -> bool:
        """It names rows by itself."""
        return bool(self.texts or self.statuses or self.events or self.routes)


class Claim(Struct, frozen=True):
    """One claim of a text, with the line it stands on and its words. What a kind does not need is empty."""

    kind: Kind
    line: int
    quote: str
    subject: Subject = field(default_factory=Subject)
    amount: Amount | None = None
    of: Amount | None = None  # of a share such as 94 of 96
    unit: str = ""  # entries, requests, users, failures or "": any
    is_all: bool = False  # counts all that was asked or logged, not failures
    is_good: bool = False  # a share of what went well
    is_partial: bool = False  # of a part that the text names in a way that is not read
    span: Span | None = None
    moment: Moment | None = None
    end: Literal["first", "last", ""] = ""
    is_note: bool = False  # its time heads the line and may be when that was written down
    is_ended: bool = False  # of what is said to have stopped: that it was there before is no objection
    key: str = ""
    change: str = ""  # a type of change, "removed", "state removed", "added", "changed"
    before: str = ""  # of a change from one value to another
    after: str = ""
    effect: Subject = field(default_factory=Subject)  # of a cause
    quantile: float = 0.0


class Reading(Struct, frozen=True):
    """A text as it was read. `window` is the span that it says it is about."""

    claims: tuple[Claim, ...]
    sentences: int
    window: Span | None
    skipped: int  # lines of code blocks: quoted logs, not claims


class Answer(Struct, frozen=True):
    """What the rows say to a claim: in one sentence, with its rows."""

    mark: Mark
    measured: str
    matched: str = ""
    query: str = ""
    entry_ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()


class Checked(Struct, frozen=True):
    """A claim and its answer."""

    claim: Claim
    answer: Answer
