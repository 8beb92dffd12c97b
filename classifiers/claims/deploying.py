"""Claims about revisions and what changed in them: which broke it, which worked, what was lost. No I/O."""

import re
from collections.abc import Iterator

from classifiers.claims.mentions import Mention, subject_of
from classifiers.claims.records import Claim, Kind, Subject
from classifiers.claims.sentences import Prepared
from collector.replacing import replace

__all__ = ["read_changes", "read_revisions"]

_ONE = r"\{r(\d+)\}"  # a revision, as it is coded
_R = (
    r"(?:the\s+|a\s+|its\s+)?(?:canary\s+|deploy(?:ment|ing)?(?: of)?\s+|release\s+|revisions?\s+|rev\.?\s+|service\s+|"
    r"\{s\d+\}\s*,?\s*|\()*" + _ONE
)
_NOUN = r"(?: (?:revision|one|version|deploy))?"
_IS = r"\W{0,3}\s*(?:is |was |are )?"
_BEGAN = (
    r"broke|breaks|introduced|brought in|regression|regressed|first bad|began|started|starts?|appeared|stopped|came in|"
    r"failing since|fails since|failed since|culprit|guilty|blame[ds]?|caused by|came|comes|originates?|surfaced"
)
_BROUGHT = r"brought|introduced|broke|caused|started|triggered|regressed|is the culprit|is to blame|is guilty"
_FINE = r"fine|clean|good|healthy|ok|okay|working|unaffected|well|not affected"
_WORKING = r"working|last good|known good|last known good|good|healthy|last working|stable|unaffected"
_WRITES = r"sent|sends|emitted|emits|logged|logs|shows?|throws?|threw|produced|fails"
_FIRST = (
    rf"\b(?:{_BEGAN})\b(?! (?:at|between))[^{{}}]{{0,40}}?\b(?:in|with|by|since|from|is|was|to be)\b:?\s+{_R}",
    rf"(?:first bad|culprit|guilty|offending){_NOUN}{_IS}{_R}",
    rf"\bsince (?:revision )?{_R}",
    rf"{_ONE}[^{{}}]{{0,12}}\b(?:{_BROUGHT})\b",
)
_GOOD = (
    rf"\b(?:{_WORKING})\b{_NOUN}{_IS}{_R}",
    (
        rf"{_ONE}[^{{}}]{{0,8}}\b(?:is|was|were|works|worked|looks|looked|ran|are)\b(?: (?:still|"
        rf"perfectly|completely))? ?(?:{_FINE})"
    ),
    rf"{_ONE}\)? (?:still )?(?:worked|works)\b",
    rf"{_ONE}[^{{}}]{{0,8}}\b(?:is|was)\b (?:the |our )?(?:last |known |last known )?(?:good|working|healthy|stable)\b",
)
_BAD = (
    rf"(?<!first )\b(?:failing|bad|broken|affected|faulty)\b{_NOUN}s?{_IS}{_R}",
    rf"{_ONE}[^{{}}]{{0,8}}\b(?:is|was|are|were)\b(?: (?:still|also))? ?(?:broken|bad|failing|affected)\b",
    rf"(?<!not )\b(?:still )?(?:fails|failing|failed|broken) (?:on|in) {_R}",
    rf"{_ONE} (?:still |also |alone )?(?:{_WRITES})\b(?! (?:no|not|zero|0)\b)",
)
_BOTH = re.compile(
    r"\bboth\b[^{}]{0,20}\{r(\d+)\}[^{}]{0,20}\band\b[^{}]{0,20}\{r(\d+)\}[^{}]{0,20}(?:show|"
    r"throw|fail|log|have|hit|affect|are|emit|sen[dt])"
)
_BETWEEN = re.compile(
    r"\bbetween\b[^{}]{0,20}(?:\{s\d+\}\s*)?\{r(\d+)\}[^{}]{0,12}(?:and|to|-|\u2013)[^{}]{0,12}\{r(\d+)\}"
)
_BROKE = re.compile(r"broke|introduc|regress|began|start|appear|came in|happen|went wrong|problem|stopped|lost")
_BACK = re.compile(
    rf"(?:roll(?:ed|ing|s)?[ -]?back|revert(?:ed)?|traffic[^{{}}]{{0,25}}back|went back|"
    rf"back)\b[^{{}}]{{0,25}}?\bto\b {_R}"
)
_EVERYWHERE = re.compile(
    r"\b(?:all|every|each)(?: of)?(?: the| its| our)? (?:{s\d+} )?revisions?\b|regardless of (?:the )?revision"
)
_NOT_BEFORE = re.compile(r"\b(?:not|n't|never|no)\b[^{}]{0,20}\Z")
_VERBS = (
    ("removed", (
        r"remov\w+|lost|los(?:es|ing)|drop\w*|delet\w+|gone|disappear\w*|vanish\w*|unset|went missing|"
        r"no longer (?:set|there|present|has)|taken out|stripped"
    )),
    ("state removed", r"missing|absent|lack(?:s|ed|ing)?|without|not (?:set|present|there|configured)"),
    ("added", r"added|adds|newly|introduc\w+"),
    ("changed", r"chang\w+|rotat\w+|updat\w+|modif\w+|switch\w*|replac\w+|overw\w+|edited|differ\w*|points? to"),
)  # fmt: skip
_VERB = re.compile("|".join(rf"\b(?P<v{at}>{pattern})\b" for at, (_, pattern) in enumerate(_VERBS)))
_DENIED = re.compile(
    r"\b(?:not|n't|never|un)\s?(?:been |yet )?(?:remov|lost|drop|delet|chang|add|rotat|touch)|"
    r"unchanged|still (?:there|set|present|has)|restor|re-?add|put back|bring back|brought back"
)
_ONLY_IMAGE = re.compile(
    r"(?:\bonly|nothing (?:but|except|other than|besides))\W+(?:\w+\W+){0,3}?(?:image|code)\b|"
    r"chang\w+ only (?:its|the) (?:image|code)|(?:image|code)(?:-| )only|only (?:its|"
    r"the) (?:image|code)"
)
_IMAGE = re.compile(
    r"\b(?:image|digest)\b[^{}]{0,30}\b(?:chang|replac|updat|new|differ|swap)|"
    r"\bnew (?:container )?image\b|\b(?:chang|replac|swap)\w*\b[^{}]{0,15}\b(?:image|digest)\b"
)
_NO_CHANGE = re.compile(
    r"\bno(?:thing)?(?: in the)? (?:config(?:uration)?|env(?:ironment)?|"
    r"settings?)\b[^{}]{0,12}chang|"
    r"config(?:uration)?\b[^.]{0,25}\b(?:is |was |stayed |remained )(?:identical|unchanged|the same)|"
    r"\bnothing (?:was |has )?changed\b"
)
_LIMITS = (
    ("memory_limit", r"memory(?: limit)?"), ("cpu_limit", r"cpu(?: limit)?"), ("concurrency", r"concurrency"),
    ("max_instances", r"max(?:imum)?[ -]?(?:instances|scale)"),
    ("min_instances", r"min(?:imum)?[ -]?(?:instances|scale)"),
    ("timeout", r"request timeout|timeout setting"),
)  # fmt: skip
_MOVED = re.compile(
    r"lower|reduc|rais|increas|chang|halv|doubl|went|set to|dropped|cut|bumped|from \S+ to|->|→|decreas|shrunk"
)
_FROM_TO = re.compile(
    r"(?:from )?(?P<a>\d+(?:\.\d+)?\s?(?:[kmg]i?b?)?)\s*(?:to|->|→)\s*(?P<b>\d+(?:\.\d+)?\s?(?:[kmg]i?b?)?)(?!\w)"
)


def read_revisions(one: Prepared) -> list[Claim]:
    """Which revision was first bad, good, bad, rolled back to; or that all revisions are alike."""
    claims: list[Claim] = []
    if _EVERYWHERE.search(one.coded) and not re.search(r"\bnot (?:on |in )?(?:all|every)", one.coded):
        claims.append(Claim("everywhere", one.line, one.quote, _subject(one)))
    between = _BETWEEN.search(one.coded)
    if between and _BROKE.search(one.coded):
        pair = tuple(one.named("r", number).value for number in between.groups())
        return [*claims, Claim("between", one.line, one.quote, _subject(one, pair))]
    back = _BACK.search(one.coded)
    if back:
        claims.append(_of("rolled back", one, back[1]))
        return claims
    seen: set[str] = set()
    both = _BOTH.search(one.coded)
    for kind, number in [("bad", number) for number in both.groups()] if both else _told(one.coded):
        if number not in seen:
            seen.add(number)
            claims.append(_of(kind, one, number))  # type: ignore[arg-type] # the kinds of _told
    return claims


def read_changes(one: Prepared, meant: tuple[str, ...] = ()) -> list[Claim]:
    """What a deploy removed, added or changed; `meant` is the revision of a sentence that says `its`."""
    claims = list(_changes(one, is_meant=bool(meant)))
    return [
        replace(claim, subject=replace(claim.subject, revisions=claim.subject.revisions or meant)) for claim in claims
    ]


def _changes(one: Prepared, *, is_meant: bool) -> list[Claim]:
    claims: list[Claim] = []
    if _NO_CHANGE.search(one.coded) and one.sentence.of("revision"):
        return [_change(one, "nothing", "")]
    if _DENIED.search(one.coded) and not _ONLY_IMAGE.search(one.coded):
        return claims
    for number, mention in enumerate(one.sentence.of("key")):
        verb = _nearest(one.coded, f"{{k{number}}}")
        if verb:
            claims.append(_change(one, verb, mention.value, mention))
    if not one.sentence.of("revision") and not is_meant:
        return claims
    if _ONLY_IMAGE.search(one.coded):
        claims.append(_change(one, "only image", "image"))
    elif _IMAGE.search(one.coded):
        claims.append(_change(one, "image", "image"))
    for kind, pattern in _LIMITS:
        found = re.search(rf"\b{pattern}\b", one.coded)
        if found and _MOVED.search(one.coded):
            values = _FROM_TO.search(one.coded, found.end()) or _FROM_TO.search(one.coded)
            claim = _change(one, kind, pattern)
            claims.append(
                replace(claim, before=values["a"], after=values["b"]) if values else _with_way(claim, one.coded)
            )
    return claims


def _with_way(claim: Claim, coded: str) -> Claim:
    """A limit that the text says was lowered or raised, without its values."""
    if re.search(r"lower|reduc|halv|cut|decreas|shrunk|dropped", coded):
        return replace(claim, after="lower")
    return replace(claim, after="higher") if re.search(r"rais|increas|doubl|bumped", coded) else claim


def _told(coded: str) -> Iterator[tuple[str, str]]:
    """Kinds of claims with the number of their revision, in the order in which one takes precedence."""
    for kind, patterns in (("good", _GOOD), ("first bad", _FIRST), ("bad", _BAD)):
        for pattern in patterns:
            for found in re.finditer(pattern, coded):
                if not _NOT_BEFORE.search(coded[max(0, found.start() - 25) : found.start()]):
                    yield kind, found[1]


def _of(kind: Kind, one: Prepared, number: str) -> Claim:
    return Claim(kind, one.line, one.quote, _subject(one, (one.named("r", number).value,)), span=one.span)


def _subject(one: Prepared, revisions: tuple[str, ...] | None = None) -> Subject:
    told = subject_of(one.sentence.mentions)
    return told if revisions is None else replace(told, revisions=revisions)


def _change(one: Prepared, verb: str, name: str, mention: Mention | None = None) -> Claim:
    """A change in the revision that stands nearest to what changed, else in any."""
    revisions = one.sentence.of("revision")
    if mention is not None and len(revisions) > 1:
        revisions = [min(revisions, key=lambda each: abs(each.start - mention.start))]
    kind: Kind = "no change" if verb == "nothing" else "change"
    subject = _subject(one, tuple(each.value for each in revisions[:1]))
    return Claim(kind, one.line, one.quote, subject, key="" if mention is None else name, change=verb)


def _nearest(coded: str, code: str) -> str:
    """The verb that stands nearest to a coded name; "" where none is within sixty characters."""
    at = coded.find(code)
    found = [
        (
            min(abs(match.start() - at), abs(match.end() - at)),
            next(int(name[1:]) for name, text in match.groupdict().items() if text),
        )
        for match in _VERB.finditer(coded)
    ]
    near = min(found, default=(100, 0))
    return _VERBS[near[1]][0] if near[0] <= 60 else ""  # noqa: PLR2004 - characters
