"""What a sentence names: quoted texts, revisions, services, statuses, exceptions, routes, events, variables. No I/O.

Each is blanked once it is read, so that nothing is read twice and no number of a name is taken for an amount.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct, field

from classifiers.claims.records import Names, Subject

__all__ = ["BLANK", "Mention", "Sentence", "subject_of", "without"]

BLANK = "\x1f"
_QUOTED = re.compile(
    r"(?P<fence>`+)(?P<code>.+?)(?P=fence)|\"(?P<double>[^\"]{2,400})\"|“(?P<curly>[^”]{2,400})”|"
    r"«(?P<angle>[^»]{2,400})»"
    r"|(?<!\w)'(?P<single>[^']{4,400})'(?!\w)"
)
_REVISION = re.compile(r"\b(?:[a-z][a-z0-9-]{0,60}-)?\d{5}-[a-z0-9]{3}\b")
_NUMBERED = re.compile(
    r"\b(?:rev(?:ision)?s?\.?\s+#?)(?P<first>\d{2,6})(?:\s*(?:,|and|to|->|→|"
    r"-)\s*#?(?P<second>\d{2,6}))?\b",
    re.IGNORECASE,
)
_FIVE = re.compile(r"(?<![\w.,:/#-])0\d{4}(?![\w.,:/-])")
_CLASS = re.compile(
    r"\b(?:[A-Za-z_]\w*\.)*(?:[A-Z]\w*(?:Error|Exception|Failure|Timeout|Warning|Interrupt|Fault|"
    r"Unavailable|Refused|Denied|Exceeded|NotFound|Panic))\b"
)
_ROUTE = re.compile(r"(?<![\w/:.])(?:(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+)?/[A-Za-z_{][\w{}:.*/-]*")
_KEY = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_STATUS = re.compile(
    r"\b(?:HTTP(?:/\d(?:\.\d)?)?|status(?:es)?(?:\s+codes?)?|code|answered(?:\s+with)?|"
    r"answer(?:\s+a)?|returned(?:\s+a)?|return(?:ing|s)?(?:\s+a)?|"
    r"with(?:\s+a)?|got(?:\s+a)?|was\s+a|were\s+a|ended(?:\s+in|\s+with(?:\s+a)?)?|as|in|no|a|"
    r"[\u00d7x])\s+(?P<after>[1-5]\d\d)(?:'?s|es)?\b(?!\s*(?:ms|s|%|of|MB|MiB|GiB|GB|requests|users|"
    r"times|calls|lines|entries|and\s))"
    r"|\b(?P<plural>[1-5]\d\d)(?:'?s|es)\b"
    r"|\b(?P<before>[45]\d\d)\b(?=\s*(?:errors?|responses?|answers?|status|rejections?|refusals?|"
    r"returned|Not |Unauthori|Forbidden|Bad |Internal|Service |Gateway|Too |Conflict|Unprocess|"
    r"was|were|on\b|from\b|in this|between|after|before|since|outside|:))"
    r"|(?<=[\u00d7x] )(?P<times>[1-5]\d\d)\b|\b(?P<family>[45])xx\b",
    re.IGNORECASE,
)
_CLOSE = re.compile(
    r"\b(?:close[ds]?|closing|"
    r"closes?)?\s*(?:with\s+)?(?:close\s+)?(?:code\s*)?[=: ]?\b(?P<code>10[01]\d)\b",
    re.IGNORECASE,
)
_ROOM = re.compile(r"[A-Za-z]")
_DIGITS = re.compile(r"\d+")
_PLAIN = re.compile(r"[\d.,]+\s?\w{1,3}|[\d:TZ.+ -]+(?:UTC)?")  # an amount or a time
_SHORTEST_TEXT = 3


class Mention(Struct, frozen=True):
    """A name in a sentence: where, of what kind, and what."""

    start: int
    end: int
    kind: str  # text, status, revision, service, route, event, key
    value: str
    high: int = 0  # of a family of statuses


class Sentence(Struct):
    """A sentence with its mentions by place; `left` is the text with all of them blanked."""

    text: str
    left: str
    mentions: list[Mention] = field(default_factory=list)

    @classmethod
    def read(cls, text: str, names: Names) -> "Sentence":
        """The sentence with what it names."""
        one = cls(text, text)
        one._quoted(names)
        one._take(_known(names.revisions and tuple(full for _, full in names.revisions)), "revision")
        one._take(_REVISION, "revision")
        for match in list(_NUMBERED.finditer(one.left)):
            for group in ("first", "second"):
                if match[group]:
                    one._add(Mention(match.start(group), match.end(group), "revision", match[group]))
        one._take(_FIVE, "revision")
        one._take(_known(names.services), "service")
        one._take(_CLASS, "text")
        one._take(_ROUTE, "route")
        one._take(_known(tuple(name for name in names.keys if "_" in name or name.isupper())), "key")
        one._take(_KEY, "key")
        one._take(_known(tuple(name for name in names.events if re.search(r"[._-]|[a-z][A-Z]", name))), "event")
        for match in list(_STATUS.finditer(one.left)):
            one._status(match)
        for match in list(_CLOSE.finditer(one.left)):
            if re.search(r"clos|code|websocket|socket", one.text, re.IGNORECASE):
                one._add(Mention(match.start("code"), match.end("code"), "text", match["code"]))
        one.mentions.sort(key=lambda mention: mention.start)
        return one

    def of(self, kind: str, start: int = 0, end: int | None = None) -> list[Mention]:
        """Mentions of a kind that begin in a part of the sentence."""
        last = len(self.text) if end is None else end
        return [one for one in self.mentions if one.kind == kind and start <= one.start < last]

    def blank(self, start: int, end: int) -> None:
        """Takes a part out of what is left."""
        self.left = self.left[:start] + BLANK * (end - start) + self.left[end:]

    def _add(self, mention: Mention) -> None:
        self.mentions.append(mention)
        self.blank(mention.start, mention.end)

    def _take(self, pattern: "re.Pattern[str] | None", kind: str) -> None:
        for match in pattern.finditer(self.left) if pattern else ():
            self._add(Mention(match.start(), match.end(), kind, match[0]))

    def _status(self, match: "re.Match[str]") -> None:
        if match["family"]:
            low = int(match["family"]) * 100
            self._add(Mention(match.start("family"), match.end(), "status", str(low), low + 99))
            return
        group = next(name for name in ("after", "plural", "before", "times") if match[name])
        end = match.end(group)
        self._add(Mention(match.start(group), end, "status", match[group], int(match[group])))

    def _quoted(self, names: Names) -> None:
        for match in list(_QUOTED.finditer(self.text)):
            inner = next(match[name] for name in ("code", "double", "curly", "angle", "single") if match[name]).strip()
            kind = _kind_of(inner, names)
            if kind == "plain":  # a number or a time in code marks: read as if it stood without them
                continue
            if kind == "status":
                self._add(Mention(match.start(), match.end(), "status", inner, int(inner)))
            else:
                self._add(Mention(match.start(), match.end(), kind, inner))


def without(sentence: Sentence, start: int = 0, end: int | None = None) -> str:
    """What is left of a part of a sentence, in lower case, blanks as single spaces."""
    return " ".join(re.sub(BLANK + "+", " ", sentence.left[start:end]).lower().split())


def subject_of(mentions: Iterable[Mention]) -> Subject:
    """The subject that mentions make."""
    every = list(mentions)

    def values(kind: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.value for one in every if one.kind == kind))

    return Subject(
        texts=values("text"),
        statuses=tuple(dict.fromkeys((int(one.value), one.high) for one in every if one.kind == "status")),
        routes=values("route"),
        events=values("event"),
        services=values("service"),
        revisions=values("revision"),
    )


def _kind_of(inner: str, names: Names) -> str:
    """What a quoted text is."""
    is_plain = not _ROOM.search(inner) or len(inner) < _SHORTEST_TEXT or _PLAIN.fullmatch(inner)
    ways = (
        ("service", inner in names.services),
        ("revision", inner in {full for _, full in names.revisions} or _REVISION.fullmatch(inner)),
        ("event", inner in names.events),
        ("key", inner in names.keys or _KEY.fullmatch(inner)),
        ("status", re.fullmatch(r"[1-5]\d\d", inner)),
        ("route", _ROUTE.fullmatch(inner)),
        ("plain", is_plain),
    )
    return next((kind for kind, is_it in ways if is_it), "text")


@lru_cache(maxsize=16)
def _known(names: tuple[str, ...]) -> "re.Pattern[str] | None":
    """Any of some names as whole words, the longest first."""
    known = sorted((name for name in names if len(name) >= _SHORTEST_TEXT), key=lambda name: (-len(name), name))
    if not known:
        return None
    return re.compile(rf"(?<![\w-])(?:{'|'.join(re.escape(name) for name in known)})(?![\w-]|\.\w)")
