"""A sentence made ready for reading: names, times and spans found, names coded as `{r0}`, `{k0}`. No I/O."""

import re
from itertools import pairwise

from msgspec import Struct, field

from classifiers.claims.mentions import BLANK, Mention, Sentence
from classifiers.claims.records import Names, Span, Subject
from classifiers.claims.times import Days, FoundTime, find_dates, find_times

__all__ = ["FAILING", "Prepared", "is_hypothetical", "named_in", "prepare"]

FAILING = re.compile(
    r"fail|error|reject|refus|den(?:y|ied)|time[ds]?[ -]?outs?|crash|brok|exception|unauthor|forbid|abort|hung|hang|"
    r"unsuccess|unanswered|turned away|affected|impact|\bhit\b|rejection|incident|outage|problem|"
    r"issue|storm|regression",
    re.IGNORECASE,
)
_HYPOTHETICAL = re.compile(
    r"\b(?:should|shall|would|could|might|(?<!\d )may(?! \d)|must|if|unless|let's|let us|todo|"
    r"recommend\w*|propos\w+|plan(?:ned|s)? to|going to|"
    r"need(?:s)? to|want(?:s)? to|expect(?:s|ed)? to|will|won't|please|consider|hypothes[ie]s|"
    r"suspect|assum\w+|goal|target|success criteri\w+|"
    r"verify|check that|ensure|make sure|alert (?:if|when|on)|until we)\b|\?\s*\Z",
    re.IGNORECASE,
)
_LETTERS = {
    "revision": "r", "key": "k", "text": "t", "service": "s", "status": "c", "event": "e", "route": "p",
}  # fmt: skip
_BETWEEN = re.compile(r"\A\s*(?:and|to|until|till|through|-|\u2013|—|->|→|\.\.+)\s*\Z", re.IGNORECASE)
_SINCE = re.compile(
    r"(?:since|after|from|later than|past|as of|starting(?: at)?)\s*(?:about |around |~|roughly )?\Z", re.IGNORECASE
)
_BEFORE = re.compile(
    r"(?:before|until|till|up to|prior to|earlier than)\s*(?:about |around |~|roughly )?\Z", re.IGNORECASE
)


class Prepared(Struct):
    """A sentence with its times, the span that they make, and the text with names and times coded, in lower case."""

    line: int
    quote: str
    sentence: Sentence
    times: list[FoundTime]
    span: Span | None
    spent: set[int] = field(default_factory=set)  # starts of times that belong to the span
    coded: str = ""

    def named(self, letter: str, number: str) -> Mention:
        """The mention that a code such as {r0} stands for."""
        kind = next(kind for kind, one in _LETTERS.items() if one == letter)
        return self.sentence.of(kind)[int(number)]

    @property
    def left(self) -> str:
        """The text with everything blanked that was read."""
        return self.sentence.left


def prepare(line: int, text: str, names: Names, days: Days) -> Prepared:
    """The sentence, its times blanked after its names."""
    sentence = Sentence.read(text, names)
    times = find_times(sentence.left, days)
    coded = _coded(sentence, times)
    span, spent = _span(sentence.left, times, days)
    for one in times:
        sentence.blank(one.start, one.end)
    for start, end, _ in find_dates(sentence.left, days.year):
        sentence.blank(start, end)
    return Prepared(line, text, sentence, times, span, spent, coded)


def is_hypothetical(text: str) -> bool:
    """It says what should be or may be, or asks; not what was."""
    return bool(_HYPOTHETICAL.search(text))


def named_in(one: Prepared, subject: Subject) -> Subject:
    """A subject with the services and revisions of the whole sentence where it names none itself."""
    services = subject.services or tuple(dict.fromkeys(each.value for each in one.sentence.of("service")))
    revisions = subject.revisions or tuple(dict.fromkeys(each.value for each in one.sentence.of("revision")))
    return Subject(subject.texts, subject.statuses, subject.routes, subject.events, services, revisions, subject.words)


def _coded(sentence: Sentence, times: list[FoundTime]) -> str:
    """`{r0} was deployed at {d}`: each mention by the letter of its kind and its number."""
    numbers = dict.fromkeys(_LETTERS, 0)
    places: list[tuple[int, int, str]] = [(one.start, one.end, "{d}") for one in times]
    for mention in sentence.mentions:
        places.append((mention.start, mention.end, f"{{{_LETTERS[mention.kind]}{numbers[mention.kind]}}}"))
        numbers[mention.kind] += 1
    told: list[str] = []
    at = 0
    for start, end, code in sorted(places):
        told += [sentence.text[at:start], code]
        at = max(at, end)
    told.append(sentence.text[at:])
    return " ".join("".join(told).lower().replace("`", "").replace(BLANK, " ").split())


def _span(left: str, times: list[FoundTime], days: Days) -> tuple[Span | None, set[int]]:
    """`between A and B`, `since A`, `before B`, with the times that it takes."""
    for one, two in pairwise(times):
        if _BETWEEN.match(left[one.end : two.start]):
            start = _like(left[one.start : one.end], one, two, days)
            return Span("between", start.moment, two.moment), {one.start, two.start}
    for one in times:
        before = left[: one.start]
        if _SINCE.search(before):
            return Span("since", one.moment, None), {one.start}
        if _BEFORE.search(before):
            return Span("before", None, one.moment), {one.start}
    return None, set()


def _like(text: str, one: FoundTime, two: FoundTime, days: Days) -> FoundTime:
    """The first of two times, with the day and the zone of the second where it has none of its own."""
    if one.day and one.zone_h is not None:
        return one
    own = (one.day or two.day,)
    zone = two.zone_h if one.zone_h is None else one.zone_h
    again = find_times(text, Days(own if own[0] else days.days, days.year, zone))  # type: ignore[arg-type] # checked here
    return again[0] if again else one
