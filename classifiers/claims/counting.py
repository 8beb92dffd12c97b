"""Claims that count: numbers of errors, requests and users, shares, and that nothing of a kind was there. No I/O."""

import re

from classifiers.claims.amounts import Found, find_amounts, find_percents, find_ratios
from classifiers.claims.mentions import Mention, subject_of
from classifiers.claims.records import Claim, Subject
from classifiers.claims.sentences import FAILING, Prepared, named_in

__all__ = ["read_counts", "read_shares", "read_silence"]

_STRONG = {"text", "status", "event", "route"}
_COUNTED = (
    r"errors?|failures?|exceptions?|times|occurrences?|events?|time-?outs?|rejections?|crashes|"
    r"sockets?|connections?|sessions?|"
    r"runs?|jobs?|warnings?|traces?|attempts?|refusals?|of th(?:em|ese|ose)|[\u00d7x]"
)
_UNITS = (
    ("users", r"users?|accounts?|customers?"),
    ("requests", r"requests?|calls?|responses?|answers?|invocations?|hits"),
    ("entries", r"(?:log )?entr(?:y|ies)|(?:log )?lines?|log messages?|messages?|logs|records?"),
    ("failures", _COUNTED),
)
_UNIT = re.compile("|".join(rf"\b(?P<{name}>{pattern})(?!\w)" for name, pattern in _UNITS), re.IGNORECASE)
_NO_COUNT = re.compile(
    r"\A\s?-?\s?(?:s|ms|sec|secs|seconds?|minutes?|mins?|hours?|hrs?|h|d|days?|weeks?|months?|"
    r"years?|[kmg]i?b|mi|gi|vcpus?|cpus?|cores?|people|"
    r"engineers?|points?|steps?|tests?|services?|revisions?|deploys?|deployments?|instances?|"
    r"pods?|commits?|prs?|tickets?|"
    r"issues?|retries|problems?|reasons?|causes?|incidents?|clusters?|candidates?|findings?|"
    r"replicas?|workers?|percent|(?:separate|different|distinct|unique|open)\b|"
    r"(?:\w+\s){0,1}(?:minutes?|seconds?|hours?|days?|revisions?|services?|people)\b)(?!\w)",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"\A[^,.;]{0,30}?(?:\bper\b|/\s?(?:min|s|h|sec|minute|hour|second|day)\b|\ba (?:minute|second|"
    r"day)\b|\ban hour\b|\beach\b|\bevery\b|\bat a time\b)",
    re.IGNORECASE,
)
_PARTIAL = re.compile(
    r"\b(?:of (?:them|these|those|which)|(?:in|within|over|during|for) (?:the )?(?:first|last|"
    r"next|past|same|\d+|a few|\w+) ?(?:\d+ )?(?:minutes?|seconds?|hours?|days?)|"
    r"on average|at (?:the )?peak|peak|bursts?|per|each|others?|another|additional|further|"
    r"remaining|rest|unique|distinct|"
    r"concurrent\w*|outside|except|apart from|besides|other than|more than once|in a row|"
    r"consecutive|today|yesterday|during|weekend|overnight|morning|afternoon|evening|night|(?:mon|tues|wednes|thurs|fri|satur|sun)day|sample[ds]?)\b",
    re.IGNORECASE,
)
_LABEL = re.compile(r":\s*(?:\S{1,14}\s)?\Z")
_NEVER = re.compile(
    r"\b(?P<no>no(?! (?:other|longer|less|more than|fewer|idea|reason|evidence|difference|alert|"
    r"doubt|impact|chang|config|test|users?\b|real|need|"
    r"way|one|fix|deploy|customers?|further|single point|clear|known|new\b))|not a single|not one|"
    r"not any|zero|never|nothing(?! (?:but|else|chang|except|other))|none of|without (?:any|"
    r"a single)|0(?=\s(?!%|of\b|out\b|percent|per\b)))\b|"
    r"\b(?:not|n't|never) (?:\w+ )?(?:been )?(?:seen|logged|sent|emitted|observed|recorded|"
    r"received|written|fired|happened|occur(?:red)?|appear(?:ed)?|"
    r"return(?:ed)?|delivered|produced|published)|\bno longer (?:seen|logged|sent|emitted|"
    r"appears?|appeared|arrives?|arrived|comes?|came|occurs?|occurred|happens?|shows? up)|\b(?:is|"
    r"are|was|were|stays?|remained) absent\b|\bn't (?:log|emit|send|return)\b",
    re.IGNORECASE,
)
_OBJECT = re.compile(r"\s(?:it|them|this|that|these|those)\b|\s?\?", re.IGNORECASE)  # named elsewhere, or a question
_ENDED = re.compile(r"\A(?:\w+ )?no longer\b", re.IGNORECASE)
_ENDED_BEHIND = re.compile(r"\A(?: \w+){0,2} any ?(?:more|longer)\b", re.IGNORECASE)
_NOUN = re.compile(
    r"\b(?P<errors>errors?|failures?|exceptions?|failed requests?|failed calls?)\b|\b(?P<events>events?)\b|"
    r"\b(?P<all>traffic|requests?|logs?|logged|log (?:lines?|entries)|entries|calls?)\b",
    re.IGNORECASE,
)
_NO_SHARE = re.compile(
    r"confiden|\bsure\b|cpu|memory|traffic|certain|probab|likel|utili[sz]|coverage|canary|disk|"
    r"split|sampl|faster|slower|reduc|improv|increas|drop",
    re.IGNORECASE,
)
_GOOD = re.compile(r"\b(?:succe\w+|went (?:well|through|fine)|ok\b|answered 200|worked|passed|fine)\b", re.IGNORECASE)
_CLOSE_WORDS = 4  # between a word of denial and what it denies
_CUTS = re.compile(r",|;|\(|\)|:|\band\b|\bbut\b|\bwhile\b|\bplus\b|\s[-\u2013—]\s")


def read_shares(one: Prepared) -> list[Claim]:
    """`94 of 96`, `0/118`, `98 %` of something that failed or went well; what they take is blanked."""
    claims: list[Claim] = []
    found = [(each, True) for each in find_ratios(one.left)]
    for each, _ in found:
        one.sentence.blank(each.start, each.end)
    found += [(each, False) for each in find_percents(one.left)]
    for each, is_ratio in sorted(found, key=lambda pair: pair[0].start):
        one.sentence.blank(each.start, each.end)
        is_good = bool(_GOOD.search(one.left)) and not re.search(r"fail|error rate|reject", one.left, re.IGNORECASE)
        is_told = FAILING.search(one.left) or is_good or one.sentence.of("status") or one.sentence.of("text")
        if not is_told and not (is_ratio and one.sentence.of("revision")):
            continue
        if not is_ratio and _NO_SHARE.search(one.left):
            continue
        subject = named_in(one, subject_of(_around(one, [each], each)))
        claims.append(
            Claim(
                "share", one.line, one.quote, subject, each.amount, each.of, _unit_near(one.left, each)[0],
                is_good=is_good, is_partial=bool(_PARTIAL.search(one.coded)), span=one.span,
            )
        )  # fmt: skip
    return claims


def read_counts(one: Prepared) -> list[Claim]:
    """Plain numbers of what can be counted."""
    found = [each for each in find_amounts(one.left) if not _NO_COUNT.match(one.left[each.end :])]
    claims: list[Claim] = []
    unit = ""
    for each in found:
        part = _part(one, found, each)
        text = one.left[part[0] : min(part[1], _denied_from(one, each))]
        named = _around(one, found, each)
        own, is_near = _unit_near(one.left, each, part[1])
        is_told = is_near or _is_beside(one, each) or (bool(unit) and any(m.kind in _STRONG for m in named))
        if (
            not is_told
            or _RATE.match(one.left[each.end : part[1] + 30])
            or re.match(r"\s?°|\s?%", one.left[each.end :])
        ):
            continue
        unit = own or unit
        claim = _count(one, each, named, unit, text)
        if claim is not None:
            claims.append(claim)
    return claims


def _count(one: Prepared, each: Found, named: list[Mention], unit: str, text: str) -> Claim | None:
    """The claim of one amount; None where nothing says what was counted."""
    subject = named_in(one, subject_of(named))
    told = one.left[: _denied_from(one, each)]
    is_failing = bool(FAILING.search(text) or FAILING.search(told)) and unit != "entries"
    has_place = bool(subject.services or subject.revisions or subject.routes)
    is_strong = bool(subject.texts or subject.statuses or subject.events)
    is_all = not is_strong and not is_failing and unit in {"requests", "entries"}
    if (
        is_all
        and not has_place
        and not re.search(
            r"analy[sz]ed|in total|in all|total|collected|pulled|stored|\bread\b", one.left, re.IGNORECASE
        )
    ):
        return None
    if not is_strong and not is_failing and not is_all and unit != "users":
        return None
    return Claim(
        "count", one.line, one.quote, subject, each.amount, unit=unit, is_all=is_all,
        is_partial=bool(_PARTIAL.search(one.coded)) or _is_at_once(one), span=one.span,
    )  # fmt: skip


def read_silence(one: Prepared) -> list[Claim]:
    """That something was not there, with what and when."""
    if re.search(r"\bnot only\b", one.left, re.IGNORECASE):
        return []
    found = list(_NEVER.finditer(one.left))
    found = [never for never in found if never["no"] or not _OBJECT.match(one.left, never.end())]
    ends = [*(never.start() for never in found), len(one.left)][1:]
    claims = [_silence(one, never, end) for never, end in zip(found, ends, strict=True)]
    return [claim for claim in claims if claim is not None]


def _silence(one: Prepared, never: "re.Match[str]", end: int) -> Claim | None:
    """What one word of denial denies: what is named close behind it, before it for `not seen`, else a noun."""
    start = never.start() if never["no"] else 0
    named = [
        each for each in one.sentence.mentions if each.kind in {"text", "status", "event"} and start <= each.start < end
    ]
    if never["no"]:
        named = [each for each in named if len(one.left[never.end() : each.start].split()) <= _CLOSE_WORDS]
    subject = named_in(one, subject_of(named))
    is_all = False
    if not named:
        noun = _NOUN.search(one.left, never.start(), end)
        if noun is None or len(one.left[never.start() : noun.start()].split()) > _CLOSE_WORDS + 1:
            return None
        is_all = bool(noun["all"])
        if is_all and not (subject.services or subject.revisions or subject.routes or one.span):
            return None
        routes = tuple(each.value for each in one.sentence.of("route"))
        words = ("events",) if noun["events"] else () if is_all else ("errors",)
        subject = Subject(routes=routes, services=subject.services, revisions=subject.revisions, words=words)
    is_ended = bool(_ENDED.match(never[0]) or _ENDED_BEHIND.match(one.left[never.end() :]))
    return Claim(
        "silence", one.line, one.quote, subject, is_all=is_all, is_partial=bool(_PARTIAL.search(one.coded)),
        is_ended=is_ended and one.span is None, span=one.span,
    )  # fmt: skip


def _part(one: Prepared, found: list[Found], each: Found) -> tuple[int, int]:
    """Where the clause of an amount begins and ends: up to the last cut between it and its neighbours."""
    at = found.index(each)
    start, end = 0, len(one.left)
    if at:
        cuts = [cut.end() for cut in _CUTS.finditer(one.left, found[at - 1].end, each.start)]
        start = cuts[-1] if cuts else each.start
    if at + 1 < len(found):
        following = found[at + 1]
        cuts = [cut.start() for cut in _CUTS.finditer(one.left, each.end, following.start)]
        end = cuts[-1] if cuts else following.start
    return start, end


def _around(one: Prepared, found: list[Found], each: Found) -> list[Mention]:
    """Mentions that an amount is about: those of its clause, else those of the sentence."""
    start, end = _part(one, found, each)
    denied = _denied_from(one, each)
    mentions = [mention for mention in one.sentence.mentions if mention.start < denied]
    own = [mention for mention in mentions if start <= mention.start < end]
    if any(mention.kind in _STRONG for mention in own):
        return own
    if len(found) > 1:
        return own
    return [mention for mention in mentions if mention.kind in _STRONG or mention in own]


def _denied_from(one: Prepared, each: Found) -> int:
    """Where behind an amount something is denied, as in `1,304 requests without a single 5xx`: that was not counted."""
    found = next((never for never in _NEVER.finditer(one.left, each.end) if never["no"]), None)
    return found.start() if found else len(one.left)


def _unit_near(left: str, each: Found, end: int | None = None) -> tuple[str, bool]:
    """The unit within five words behind an amount, else before a colon in front of it; whether one stands there."""
    behind = " ".join(left[each.end : end].split()[:6])
    match = _UNIT.search(behind)
    if match is None and _LABEL.search(left[: each.start]):
        match = _UNIT.search(left[: each.start][-60:])
    if match is None:
        return "", False
    return next(name for name, _ in _UNITS if match[name]), True


def _is_beside(one: Prepared, each: Found) -> bool:
    """A named text or status stands right behind the amount, or in front of a colon before it."""
    for mention in one.sentence.mentions:
        if mention.kind not in _STRONG:
            continue
        between = one.left[each.end : mention.start] if mention.start >= each.end else None
        if between is not None and re.fullmatch(
            r"\s*(?:[\u00d7x]|times|were|was|of)?\s*[`\"“'(]*\s*", between, re.IGNORECASE
        ):
            return True
        ahead = one.left[mention.end : each.start] if mention.end <= each.start else None
        if ahead is not None and re.fullmatch(
            r"[`\"”')s]*\s*(?:errors?|responses?|answers?)?\s*[:=(\u00d7x]\s*[`]*", ahead, re.IGNORECASE
        ):
            return True
    return False


def _is_at_once(one: Prepared) -> bool:
    """It counts at one time of day: a part that no span names."""
    return bool(one.times) and one.span is None
