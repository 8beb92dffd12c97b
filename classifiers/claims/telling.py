"""Claims about times, senders, causes, health and speed. No I/O."""

import re
from typing import Literal

from classifiers.claims.mentions import Mention, subject_of
from classifiers.claims.records import Amount, Claim, Subject
from classifiers.claims.sentences import FAILING, Prepared
from classifiers.claims.times import FoundTime
from collector.replacing import replace

__all__ = ["read_cause", "read_health", "read_moments", "read_origin", "read_speed"]

_FIRST = re.compile(
        r"\b(?:since|began|begins?|start(?:ed|s|ing)?|first(?: (?:seen|time|occurrence|error|hit))?|"
        r"onset|appeared|showed up|broke|introduced|surfaced|"
    r"emerged|as of|beginning|failing from|outage from)\b", re.IGNORECASE,
)  # fmt: skip
_LAST = re.compile(
    r"\b(?:until|till|last(?: (?:seen|time|occurrence|error))?|end(?:ed|s)?|stopp(?:ed|s)|ceased|"
    r"recover(?:ed|y)|resolved|over)\b",
    re.IGNORECASE,
)
_EVENT_WORDS = 1  # such as `errors` in `12:17 errors began`
_DEPLOYED = re.compile(
    r"\b(?:deploy(?:ed|ment|s)?|rolled out|roll-?out|went live|released?|shipped|created|pushed|live|took traffic)\b",
    re.IGNORECASE,
)
_GENERIC = re.compile(
    r"\b(?:it|this|problem|incident|outage|start|end|onset|first seen|last seen|errors?|failures?|storm)\b",
    re.IGNORECASE,
)
_TESTS_ONLY = re.compile(
        r"\b(?:only|just|solely|exclusively)\b[^.;{}]{0,25}\b(?:tests?|test (?:suite|traffic|runs?)|"
        r"synthetic|ci|e2e)\b|\btests? only\b|\btest[- ]only\b|"
        r"\b(?:no|zero|not a single) (?:real |actual |end )?(?:users?|customers?) "
        r"(?:(?:is|was|are|were|got) )?(?:affected|hit|impacted|touched|involved)\b|"
    r"\b(?:users?|customers?) (?:are|were|is|was) (?:not|un)[ -]?(?:affected|hit|impacted|touched)", re.IGNORECASE,
)  # fmt: skip
_USERS = re.compile(
        r"\b(?:real |actual |end[- ])?(?:users?|customers?) (?:are|were|is|was|got)(?: also|"
        r" too)?(?: being)? (?:hit|affected|impacted|refused|locked out)|"
    r"\b(?:hits?|affects?|affected|impacts?|impacted) (?:real |actual |end[- ])?(?:users?|customers?)\b", re.IGNORECASE,
)  # fmt: skip
_CAUSE = re.compile(
        r"\b(?P<ahead>(?:directly )?causes?|caused(?! by)|led to|leads? to|leading to|result(?:s|"
        r"ed) in|triggers?|triggered(?! by)|drags? down|brings? down|"
    r"pulls? down|is why|is the (?:root )?cause (?:of|for)|which (?:breaks|broke)|makes?)\b|"
        r"\b(?P<back>because of|due to|caused by|triggered by|as a result of|result of|stems? from|"
        r"comes? from|because)\b", re.IGNORECASE,
)  # fmt: skip
_HEALTH = re.compile(r"\bhealth(?:z|[- ]?checks?|[- ]?endpoint| probes?)?\b|/health", re.IGNORECASE)
_WELL = re.compile(r"\b(?:200|ok|green|pass(?:ed|ing|es)|healthy|up)\b", re.IGNORECASE)
_QUANTILE = re.compile(
    r"\bp(?P<p>50|75|90|95|99)\b|\b(?P<median>median)\b|\b(?P<th>50|75|90|95|99)th percentile\b", re.IGNORECASE
)
_DURATION = re.compile(
    r"(?<![\d.])(?P<n>\d{1,9}(?:,\d{3}){0,3}(?:\.\d{1,6})?)\s?(?P<unit>ms|msec|milliseconds?|s|sec|secs|seconds?|min|minutes?)\b",
    re.IGNORECASE,
)
_SLOWER = re.compile(
        r"(?:\b(?P<word>twice|two times|three times|four times|five times|ten times)|"
        r"\bx\s?(?P<a>\d+(?:\.\d+)?)|(?P<b>\d+(?:\.\d+)?)\s?(?:[x\u00d7]|times|fold|-fold))"

        r"\s(?:as slow|slower|longer|as long|the latency|higher latency)|"
        r"slower by (?:a factor of )?(?P<c>\d+(?:\.\d+)?)", re.IGNORECASE,
)  # fmt: skip
_TIMES = {"twice": 2, "two times": 2, "three times": 3, "four times": 4, "five times": 5, "ten times": 10}
_MS = {"m": 1.0, "s": 1000.0}
_LATENCY_FITS, _LATENCY_REFUTES = 0.05, 0.3  # shares; quantiles are reckoned in several ways
_TIMES_FITS, _TIMES_REFUTES = 0.2, 0.5
_STOP = frozenset(
    [
        "the",
        "a",
        "an",
        "and",
        "or",
        "of",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "with",
        "from",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "then",
        "than",
        "as",
        "all",
        "every",
        "each",
        "our",
        "their",
        "failing",
        "fail",
        "fails",
        "failed",
        "error",
        "errors",
        "problem",
        "problems",
        "issue",
        "issues",
        "why",
        "which",
        "who",
        "what",
        "when",
        "where",
        "into",
        "onto",
        "over",
        "under",
        "because",
        "due",
        "cause",
        "causes",
        "service",
        "since",
        "about",
        "after",
        "before",
        "services",
        "request",
        "requests",
        "call",
        "calls",
        "call",
        "up",
        "down",
        "out",
        "off",
        "so",
        "not",
        "no",
        "only",
        "also",
        "both",
        "during",
        "same",
    ]
)
_WORD = re.compile(r"[a-z][a-z0-9_]{3,}|\bdb\b")


def read_moments(one: Prepared, *, is_spent: bool) -> list[Claim]:
    """When something began, was last seen or was deployed; `is_spent`: the span belongs to another claim."""
    claims: list[Claim] = []
    for number, found in enumerate(one.times):
        if is_spent and found.start in one.spent:
            continue
        if one.span is not None and one.span.relation == "between" and found.start in one.spent:
            continue
        claim = _moment(one, number, found)
        if claim is not None:
            claims.append(claim)
    return claims


def _moment(one: Prepared, number: int, found: FoundTime) -> Claim | None:
    before = one.left[one.times[number - 1].end if number else 0 : found.start]
    after = one.left[found.end : one.times[number + 1].start if number + 1 < len(one.times) else None]
    revisions = one.sentence.of("revision")
    if revisions and (_DEPLOYED.search(before) or _DEPLOYED.search(after)):
        near = min(revisions, key=lambda each: abs(each.start - found.start))
        subject = Subject(services=_services(one), revisions=(near.value,))
        return Claim("deployed", one.line, one.quote, subject, moment=found.moment)
    end = _end(before, after)
    subject = subject_of(one.sentence.mentions)
    is_generic = _GENERIC.search(one.left) or FAILING.search(one.left)
    if not end or not (subject.texts or subject.statuses or subject.events or is_generic):
        return None
    is_note = not number and not re.search(r"\w", one.left[: found.start]) and not _is_event(after)
    return Claim("moment", one.line, one.quote, subject, moment=found.moment, end=end, is_note=is_note)


def _is_event(after: str) -> bool:
    """What follows a time tells what happened then, such as `first refusal`; else it may be the writer's clock."""
    word = min((one.start() for one in (_FIRST.search(after), _LAST.search(after)) if one), default=len(after))
    return len(after[:word].split()) <= _EVENT_WORDS


def _end(before: str, after: str) -> Literal["first", "last", ""]:
    """Which end of a failure a time is said to be: by the nearest word before it, else the first behind it."""
    ahead = max(((found.start(), "first") for found in _FIRST.finditer(before)), default=(-1, ""))
    last = max(((found.start(), "last") for found in _LAST.finditer(before)), default=(-1, ""))
    if max(ahead, last)[0] >= 0:
        return "first" if ahead > last else "last"
    behind = _FIRST.search(after)
    closing = _LAST.search(after)
    if behind and (closing is None or behind.start() < closing.start()):
        return "first"
    return "last" if closing else ""


def read_origin(one: Prepared) -> list[Claim]:
    """That only tests were hit, or users too."""
    if _TESTS_ONLY.search(one.left):
        return [Claim("origin", one.line, one.quote, subject_of(one.sentence.mentions), change="tests only")]
    if _USERS.search(one.left):
        return [Claim("origin", one.line, one.quote, subject_of(one.sentence.mentions), change="users")]
    return []


def read_cause(one: Prepared) -> list[Claim]:
    """X causes Y, where both sides name something."""
    found = _CAUSE.search(one.left)
    if found is None:
        return []
    sides = [(0, found.start()), (found.end(), len(one.left))]
    if found["back"]:
        if found.start() < 3:  # noqa: PLR2004 - `Because X, Y`: the comma parts them
            comma = one.left.find(",", found.end())
            sides = [(found.end(), comma), (comma, len(one.left))] if comma > 0 else sides
        else:
            sides.reverse()
    cause, effect = (_side(one, start, end) for start, end in sides)
    if not (_is_told(cause) and _is_told(effect)):
        return []
    keys = [mention.value for mention in one.sentence.of("key", *sides[0])]
    return [Claim("cause", one.line, one.quote, cause, effect=effect, key=keys[0] if keys else "")]


def read_health(one: Prepared) -> list[Claim]:
    """That health checks were answered well."""
    has_200 = any(mention.value == "200" for mention in one.sentence.of("status"))
    if not _HEALTH.search(one.sentence.text) or not (has_200 or _WELL.search(one.left)):
        return []
    if re.search(r"\b(?:not|n't|never|failed|failing)\b", one.left, re.IGNORECASE):
        return []
    return [Claim("health", one.line, one.quote, subject_of(one.sentence.mentions), span=one.span)]


def read_speed(one: Prepared) -> list[Claim]:
    """Quantiles of durations, and how many times slower something became; what they take is blanked."""
    claims: list[Claim] = []
    subject = subject_of(one.sentence.mentions)
    quantile, duration = _QUANTILE.search(one.left), _DURATION.search(one.left)
    if quantile and duration and (subject.services or subject.routes or subject.revisions):
        share = 0.5 if quantile["median"] else int(quantile["p"] or quantile["th"]) / 100
        unit = duration["unit"].lower()
        ms = float(duration["n"].replace(",", "")) * (
            60_000 if unit.startswith("min") else _MS["m" if unit.startswith("m") else "s"]
        )
        amount = _near(ms, duration[0], _LATENCY_FITS, _LATENCY_REFUTES)
        claims.append(Claim("latency", one.line, one.quote, subject, amount, quantile=share, span=one.span))
    slower = _SLOWER.search(one.left)
    if slower:
        times = _TIMES.get((slower["word"] or "").lower()) or float(slower["a"] or slower["b"] or slower["c"])
        amount = _near(times, slower[0], _TIMES_FITS, _TIMES_REFUTES)
        claims.append(Claim("slower", one.line, one.quote, replace(subject, words=()), amount))
        one.sentence.blank(slower.start(), slower.end())
    for found in list(_DURATION.finditer(one.left)):
        one.sentence.blank(found.start(), found.end())
    return claims


def _near(value: float, text: str, fits: float, refutes: float) -> Amount:
    return Amount(value * (1 - fits), value * (1 + fits), value * (1 - refutes), value * (1 + refutes), text)


def _side(one: Prepared, start: int, end: int) -> Subject:
    mentions: list[Mention] = [each for each in one.sentence.mentions if start <= each.start < end]
    words = tuple(word for word in _WORD.findall(one.left[start:end].lower()) if word not in _STOP)
    return replace(subject_of(mentions), words=words[:6])


def _is_told(side: Subject) -> bool:
    return side.is_named or bool(side.words or side.revisions or side.services)


def _services(one: Prepared) -> tuple[str, ...]:
    return tuple(each.value for each in one.sentence.of("service"))
