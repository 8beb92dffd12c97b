"""The main line of reading: a text into its claims, each with its line. No I/O.

What cannot be read as one of the kinds of claim is no claim; what should be, may be or is asked is none either.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

from classifiers.claims.counting import read_counts, read_shares, read_silence
from classifiers.claims.deploying import read_changes, read_revisions
from classifiers.claims.document import Document, Statement, read_document
from classifiers.claims.records import Claim, Names, Reading, Span
from classifiers.claims.sentences import Prepared, is_hypothetical, prepare
from classifiers.claims.telling import read_cause, read_health, read_moments, read_origin, read_speed
from classifiers.claims.times import Days, days_in, find_dates, find_zone
from collector.window import NS_PER_S, Window

__all__ = ["read_claims"]

_WINDOW = re.compile(
    r"\b(?:window|period|time ?range|time ?frame|time ?span|log range|logs? (?:from|of)|"
    r"analy[sz]ed|observed (?:from|between)|range)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"(?:it|its|this (?:revision|deploy|release)|that (?:revision|deploy|release)|the same deploy)\b", re.IGNORECASE
)
_HEAD = 60  # characters of a sentence in which it says that it names the window


def read_claims(text: str, names: Names, window: Window) -> Reading:
    """The claims of a Markdown text; dates that it leaves open are taken from the window."""
    document = read_document(text)
    year = datetime.fromtimestamp((window.end_ns - 1) // NS_PER_S, UTC).year
    spoken = "\n".join((*(one.text for one in document.statements), *(head for _, head in document.headings)))
    zone = find_zone(spoken)
    stated: Span | None = None
    claims: list[Claim] = []
    last: tuple[str, ...] = ()  # revisions that were named last
    for one, day in _dated(document, year):
        days = Days(tuple(dict.fromkeys(([day] if day else []) + list(days_in(window)))), year, zone)
        told = prepare(one.line, one.text, names, days)
        if stated is None and told.span and told.span.relation == "between" and _WINDOW.search(one.text[:_HEAD]):
            stated = told.span
            if len(told.sentence.mentions) == 0:
                continue
        if not is_hypothetical(told.left):
            claims += dict.fromkeys(_claims(told, last))  # said twice in one sentence: one claim
        last = tuple(dict.fromkeys(each.value for each in told.sentence.of("revision"))) or last
    return Reading(tuple(claims), len(document.statements), stated, document.skipped)


def _claims(told: Prepared, last: tuple[str, ...]) -> Iterator[Claim]:
    """All claims of one statement; `last` are the revisions that `its` and `it` may stand for."""
    changes = read_changes(told, last if len(last) == 1 and _PRONOUN.match(told.quote) else ())
    revisions = read_revisions(told)
    speed = read_speed(told)
    shares = read_shares(told)
    silence = read_silence(told)
    counts = [] if silence and not told.sentence.mentions else read_counts(told)
    if silence:
        counts = [claim for claim in counts if claim.amount is None or claim.amount.high > 0]
    origin = [] if any(claim.unit == "users" for claim in counts) else read_origin(told)
    health = read_health(told)
    if origin:
        silence = [claim for claim in silence if claim.subject.is_named]
    if shares or counts:  # their numbers say more than that it fails
        revisions = [claim for claim in revisions if claim.kind != "bad"]
    is_spent = bool(silence or counts or shares)
    if any(claim.kind == "first bad" for claim in revisions):
        counts = [claim for claim in counts if not claim.is_all]
    moments = read_moments(told, is_spent=is_spent)
    cause = [] if revisions or changes else read_cause(told)
    for claim in (*revisions, *changes, *silence, *shares, *counts, *moments, *origin, *health, *speed, *cause):
        if health and claim.kind in {"count", "share"} and claim.amount and claim.amount.low == claim.amount.high == 0:
            continue
        yield claim


def _dated(document: Document, year: int) -> Iterator[tuple[Statement, date | None]]:
    """Each statement with the date that was last written before it, in it or in a heading."""
    day: date | None = None
    headings = list(document.headings)
    for one in document.statements:
        while headings and headings[0][0] <= one.line:
            found = find_dates(headings.pop(0)[1], year)
            day = found[-1][2] if found else day
        found = find_dates(one.text, year)
        day = found[0][2] if found else day
        yield one, day
