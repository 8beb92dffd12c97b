"""Masks: the versioned table that replaces what varies in a text by `<kind>`, and the list of what survives it.

The keep-list runs before all masks but EARLY_MASKS and puts a shield before tokens that decide what failed (HTTP
status, WebSocket close code, errno, exit code, SQLSTATE, error numbers, names in quotes, service principals); no mask
matches a shielded token. Words are never masked: module, attribute and event names, exception types and gRPC codes
survive as they are.

A change of a row changes signatures: raise `RULES` in classifiers/signatures.py with it.
"""

import re
from collections.abc import Callable
from functools import partial

import polars as pl
from msgspec import Struct

__all__ = [
    "ACCESS", "CORRELATION", "EARLY_MASKS", "KEEPS", "KEPT_TOKENS", "MASKS", "METHODS", "MONTH",
    "PRINCIPAL", "SHIELD", "TIME", "UUID", "ZONE", "Rule", "apply_rule", "change_where",
    "marks", "mask",
]  # fmt: skip

# A letter at its end, so that a digit behind it does not begin a word; a control character, so that no text has it.
SHIELD = "\x02K"
_B = r"(?-u:\b)"  # ASCII word boundary: five times faster than the Unicode one on text that is not ASCII
_END = r"(?-u:\b)"
_AT_SHIELD = "@\x02"  # no address goes on behind it
_KEPT = f"${{1}}{SHIELD}${{2}}"


class Rule(Struct, frozen=True):
    """One row: texts that match `hint` get `pattern` replaced by `replacement`. Rust regex: no look-around.

    `hint` is a cheap pattern or "" (always); a text without it is not looked at again.
    """

    name: str
    hint: str
    pattern: str
    replacement: str


_REASONS = (
    "Bad Request|Unauthorized|Payment Required|Forbidden|Not Found|Method Not Allowed|Not Acceptable|Conflict|Gone"
    "|Precondition Failed|Payload Too Large|Unsupported Media|Unprocessable|Too Many Requests|Internal Server"
    "|Not Implemented|Bad Gateway|Service Unavailable|Gateway Time|Client Error|Server Error"
)
# What a word behind a code must look like to be its reason: a count is followed by a plain noun or a unit.
_REASON_LIKE = (
    r"[A-Z](?:[a-z]{2,}|[A-Z_]{4,})|(?:forbidden|gone|conflict|denied|unauthori[sz]ed|unavailable|unauthenticated"
    r"|not (?:found|allowed|acceptable|implemented|permitted|available|authenticated|authori[sz]ed)"
    r"|(?:access|permission) denied|bad (?:request|gateway)|service unavailable|too many requests|gateway time-?out"
    r"|(?:internal|server|client) (?:server )?error)(?-u:\b)"
)
_STATUS = "[1-5][0-9]{2}"
_CODES = "(?:40[0-9]|41[0-8]|42[1-9]|431|451|50[0-8]|51[01])"  # of HTTP, where no word beside them says status
_CLOSE_CODES = "10(?:0[0-9]|1[0-5])"
_ARROW_BEFORE = r"(?:\A|[^\s0-9.,=:(][0-9]*)\s*"
_ARROW_BEHIND = (
    r"\s(?:[^\sA-Za-z.%]|[A-Z][a-z]{2,}|[\w.<>-]+="
    r"|(?:in|after|from|on|for|by|at|and|when|while|with|because)(?-u:\b))"
)
_NAMES = (
    "named?|attributes?|arguments?|keys?|columns?|relation|table|fields?|module|function|method|property|variable|type"
    "|class|import|from|database|role|extension|schema|constraint|index|env|setting|parameters?"
)

# Says which request, not what failed. Dropped, because not every line has it; first, because keeps look at neighbours.
CORRELATION = Rule(
    "correlation",
    r"(?i)trace|span|req|correlation",
    r"(?i)[ \t,;|]*[(\[]?\b(?:(?:logging\.googleapis\.com/)?(?:trace|span|request|req|correlation)[_-]?(?:id)?)"
    r"""["']?\s?[=: ]\s?["']?(?:projects/[\w-]+/traces/)?[0-9a-f]{4,}[0-9a-f-]{4,}["']?[)\]]?""",
    "",
)

# An access line as servers and frameworks write them: method, path, status. Its status is read from it elsewhere.
METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|WebSocket"
ACCESS = (
    rf'(\b(?P<method>{METHODS}) (?P<path>/[^\s"]*)(?: HTTP/[\d.]+)?"?(?: |->|-|:|\|)+"?)(?P<status>{_STATUS})(\s|\z|")'
)

# Before any mask. Group 1 is what stands before the kept token, group 2 the token (or its first digit).
KEEPS: tuple[Rule, ...] = (
    Rule(
        "http_status",
        r"(?i)status|http|returned|respond|answered|repl",
        r"(?i)(\b(?:status(?:[ _-]?code)?|https?(?:/(?:[0-9.]+|<number>))?"
        r"|returned|responded|response|answered|replied|reply)"
        rf"""["']?\s?(?:with|code)?\s?[=: (]\s?["'(]?)({_STATUS}){_END}""",
        _KEPT,
    ),
    Rule(
        "http_status_weak",
        r"(?i)(?:got|received|with|failed|error)[: (]",
        rf"(?i)(\b(?:got|received|with|failed|error):? \(?)({_CODES})"
        r"(\z|[^\s0-9A-Za-z.%]|[.\s]\z|\s(?:from|on|for|by|at|and|when|while|in)\b)",
        _KEPT + "${3}",
    ),
    Rule("http_exception", r"[45][0-9]{2}[:)]", rf"(^|[\s:('\"=\[])({_CODES})(:\s|\))", _KEPT + "${3}"),
    Rule(
        "http_lead",  # before a plural or a unit stands a count
        r"\A\s*[45][0-9]{2} ",
        rf"(\A\s*)({_CODES})( (?:(?:on|for|from|by)|(?:access|not|bad|[a-z]{{3,}}[a-rt-z]) [a-z]))",
        _KEPT + "${3}",
    ),
    Rule(
        "http_told",
        r":\s[45][0-9]{2}\s",
        rf"(:\s)({_CODES})(\s(?:(?:on|for) ['\"]?(?:/|https?:)|{_REASON_LIKE}))",
        _KEPT + "${3}",
    ),
    Rule(
        "http_arrow",  # from a number to a number leads a count
        r"(?:[-=]>|→)\s?[\"'(]?[45][0-9]{2}",
        rf"({_ARROW_BEFORE}(?:[-=]>|→)\s?[\"'(]?)({_CODES})"
        rf"(\z|[.,;](?:\s|\z)|[:)\]}}\"'|]|{_ARROW_BEHIND})",
        _KEPT + "${3}",
    ),
    Rule("http_reason", _REASONS, rf"(^|[^0-9A-Za-z.]|HTTP)({_STATUS}) \(?({_REASONS})", _KEPT + " ${3}"),
    Rule(
        "code",
        r"(?i)code|errno|exit|signal|rc[= ]|os error",
        r"(?i)(\b[a-z_]*?(?:code|errno|rc|exit(?:ed)?(?: with)?(?: status| code)?|exit_?status|signal|os error)"
        rf"""["'\]]?\s?[=: (\[#]+\s?["'(]?-?)([0-9]{{1,5}}){_END}""",
        _KEPT,
    ),
    Rule("driver_error", r"\([0-9]{4}, ", r"(\()([0-9]{4})(, ['\"])", _KEPT + "${3}"),  # of a database's driver
    Rule("error_number", r"Error |ERROR ", r"(\b(?:Error|ERROR) )([0-9]{2,5})( \(| [a-z]|:)", _KEPT + "${3}"),
    Rule(
        "close_code",
        r"10[01][0-9]",
        r"(?i)((?:clos(?:e|ed|ing|ure)|disconnect(?:ed|ion)?)\b[^0-9\n]{0,40}?|(?:sent|received) )"
        rf"({_CLOSE_CODES}){_END}",
        _KEPT,
    ),
    Rule(
        "sqlstate_number",  # of the database's own, behind the standard's
        r"(?i)sqlstate",
        r"(?i)(sqlstate\W{0,4}[0-9A-Z]{5}\]?:?\s(?:\[|[^:0-9\n]{0,60}:\s))([0-9]{1,5})(\]|\s[A-Z])",
        _KEPT + "${3}",
    ),
    Rule("sqlstate", r"(?i)sqlstate", rf"(?i)(sqlstate\W{{0,4}})([0-9A-Z]{{5}}){_END}", _KEPT),
    Rule("error_id", r"[A-Z]-[0-9]", rf"({_B}[A-Z]{{2,6}}-)([0-9]{{3,5}}){_END}", _KEPT),
)

# Tokens kept whole: every digit in them is shielded.
KEPT_TOKENS: tuple[Rule, ...] = (
    Rule("principal", "service:", r"\bservice:[A-Za-z0-9_.@-]*[A-Za-z0-9]", ""),
    Rule("account", "gserviceaccount", r"[A-Za-z0-9.-]+@[A-Za-z0-9.-]*gserviceaccount\.com", ""),
    Rule(  # numbers of one or two digits belong to a name, longer ones to what it names
        "quoted_name",
        r"[a-zA-Z._][0-9]",
        rf"(?i)\b(?:{_NAMES}):? ['\"`][a-z_.]+(?:[0-9]{{1,2}}[a-z_.]+){{0,2}}[0-9]{{0,2}}['\"`]",
        "",
    ),
)

PRINCIPAL = r"service:[A-Za-z_.@-]*[0-9]|@[A-Za-z0-9.-]*gserviceaccount"  # one whose digits or whose address is kept

TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:[.,][0-9]+)?"
ZONE = r"(?:\s?(?:Z|UTC|GMT|[AP]M|[+-][0-9]{2}:?[0-9]{2}|[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_-]+){1,2})\b)?"
_INNER = r"_(?:[0-9]+|[0-9a-f]{8,}|[0-9]+[a-f][0-9a-f]{3,})_"
UUID = r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"

# What holds digits that no keep may take for a code.
EARLY_MASKS: tuple[Rule, ...] = (
    Rule("redacted", r"<email:", r"<email:[0-9a-f]+>", "<email>"),
    Rule("query", r"://[^\s]*\?|/[^\s\"]*\?", r"(/[^\s\"'<>?]*)\?[^\s\"'<>)]+", "${1}?<query>"),
    Rule("email", "@", rf"{_B}[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", "<email>"),
    Rule(
        "uuid",
        r"[0-9a-fA-F]{4}-",
        UUID,
        "<uuid>",
    ),
    Rule(
        "timestamp",
        r"[0-9][-/:][0-9A-Z]",
        rf"{_B}[0-9]{{4}}[-/][0-9]{{2}}[-/][0-9]{{2}}(?:[T ,]+{TIME}{ZONE})?"
        rf"|{_B}[0-9]{{1,2}}(?:/(?:{MONTH}|[0-9]{{1,2}})/|-{MONTH}-)[0-9]{{4}}(?:[:, ]+{TIME}{ZONE})?",
        "<time>",
    ),
)

# In this order: what is specific before what is general.
MASKS: tuple[Rule, ...] = (
    Rule(
        "date_words",
        MONTH,
        rf"(?:\b[A-Z][a-z]{{2}},? )?\b{MONTH} +[0-9]{{1,2}},? (?:[0-9]{{4}} )?{TIME}(?: [0-9]{{4}})?",
        "<time>",
    ),
    Rule("clock", r"[0-9]:[0-9]{2}:", rf"{_B}[0-9]{{1,2}}:[0-9]{{2}}:[0-9]{{2}}(?:[.,][0-9]+)?", "<time>"),
    Rule("ipv4", r"[0-9]\.[0-9]+\.", rf"{_B}(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}(?::[0-9]{{1,5}})?{_END}", "<ip>"),
    Rule(
        "ipv6",
        r"[0-9a-f]:[0-9a-f:]",
        rf"(?i){_B}(?:[0-9a-f]{{1,4}}:){{3,7}}:?(?:[0-9a-f]{{1,4}}(?::[0-9a-f]{{1,4}})*)?",
        "<ip>",
    ),
    Rule("revision", r"-[0-9]{5}-", rf"(-)[0-9]{{5}}-[a-z0-9]{{3}}{_END}", "${1}<revision>"),
    Rule("address", "0x", r"0x[0-9a-fA-F]+", "<id>"),
    Rule("hex_groups", r"[0-9a-f]-[0-9a-f]", rf"{_B}[0-9a-f]{{8}}(?:-[0-9a-f]{{4,}})+{_END}", "<id>"),
    Rule(
        "hex",
        r"[0-9a-fA-F]{6}",
        rf"{_B}(?:[0-9a-f]{{8,}}|[0-9A-F]{{12,}}|(?:[0-9]+[a-f]|[a-f]+[0-9])[0-9a-f]{{4,}}){_END}",
        "<id>",
    ),
    Rule(
        "suffix", r"_[0-9a-f]", rf"_(?:[0-9]+|[0-9a-f]{{8,}}|(?:[0-9]+[a-f]|[a-f]+[0-9])[0-9a-f]{{4,}}){_END}", "_<id>"
    ),
    Rule("long_part", r"_[0-9]{4}", r"_[0-9]{4,}[0-9a-f]*", "_<id>"),
    Rule("inner_part", r"_[0-9a-f]+_", _INNER, "_<id>_"),
    Rule("inner_part_again", r"_[0-9a-f]+_", _INNER, "_<id>_"),  # of two neighbours one pass sees one
    Rule("mixed", r"[0-9][A-Za-z]+[0-9]", rf"{_B}[A-Za-z0-9]*[0-9][A-Za-z]+[0-9][A-Za-z0-9]{{6,}}{_END}", "<id>"),
    Rule(
        "duration",
        r"[0-9] ?[nuµμmshd]",
        rf"{_B}(?:[0-9]+(?:\.[0-9]+)?(?:h|m|s|ms|us|µs|μs|ns))+{_END}"
        rf"|{_B}[0-9]+(?:[.,][0-9]+)?\s?"
        rf"(?:[num]?s|µs|μs|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|milliseconds?){_END}",
        "<duration>",
    ),
    Rule("size", r"[0-9] ?[KMGTkBb]", rf"{_B}[0-9]+(?:[.,][0-9]+)?\s?(?:[KMGTk]i?[Bb]?|[Bb]ytes?|B){_END}", "<size>"),
    Rule("number", r"[0-9]", rf"{_B}[0-9]+(?:[.,][0-9]+)*{_END}", "<number>"),
    Rule("trailing", r"[a-z][0-9]{4}", rf"({_B}[A-Za-z_]*[a-z])[0-9]{{4,}}{_END}", "${1}<number>"),
    Rule("sign", r"-<", r"(^|[\s=:(\[,])-<(number|duration|size)>", "${1}<${2}>"),
)


def mask(texts: pl.Series) -> pl.Series:
    """The texts with every variable part replaced by `<kind>`; nulls, order and line breaks stay.

    Masking twice equals masking once. Each distinct line is masked once: a mask never spans lines, and the frames of a
    stack trace repeat from trace to trace (ten times faster on a storm of traces).
    """
    is_broken = texts.str.contains("\n", literal=True).fill_null(value=False)
    if not is_broken.any():
        return _mask_lines(texts)
    lines = texts.to_frame("line").with_row_index("text").with_columns(pl.col("line").str.split("\n")).explode("line")
    distinct = lines.select("line").unique()
    masked = distinct.with_columns(masked=_mask_lines(distinct["line"]))
    rows = lines.join(masked, on="line", how="left", nulls_equal=True, maintain_order="left")
    is_part = is_broken.gather(rows["text"])
    whole = rows.filter(is_part).group_by("text", maintain_order=True).agg(pl.col("masked").str.join("\n"))
    plain = pl.Series(texts.name, [None], dtype=pl.String).new_from_index(0, texts.len())
    return plain.scatter((~is_broken).arg_true(), rows.filter(~is_part)["masked"]).scatter(
        is_broken.arg_true(), whole["masked"]
    )


def marks(shapes: pl.Series) -> pl.Series:
    """Texts in which every digit is a 0, with SHIELD before each word that some text of that shape may keep.

    Rules that name the values they keep take any digits here. Each runs until it finds no more, because with any digits
    one match can hide another.
    """
    marked = _shielded(shapes)
    return change_where(marked, marked.str.contains(_ANY_MARK), _widely_marked)


def _widely_marked(texts: pl.Series) -> pl.Series:
    for rule in _WIDENED:
        for _ in range(_MARKED_AT_MOST):
            before, texts = texts, apply_rule(texts, rule)
            if texts is before:
                break
    return texts


def _mask_lines(texts: pl.Series) -> pl.Series:
    """The masks on texts of one line; those without a digit or an address are left as they are."""
    return change_where(texts, texts.str.contains(r"[0-9@]").fill_null(value=False), _masked)


def _masked(texts: pl.Series) -> pl.Series:
    marked = _shielded(texts.str.replace_all("\x02", "", literal=True))
    for rule in (CORRELATION, *EARLY_MASKS):
        marked = apply_rule(marked, rule)
    marked = change_where(marked, marked.str.contains(_ANY_KEEP), _kept)
    for rule in MASKS:
        marked = apply_rule(marked, rule)
    return marked.str.replace_all(SHIELD, "", literal=True).str.replace_all(_AT_SHIELD, "@", literal=True)


def _kept(texts: pl.Series) -> pl.Series:
    for rule in KEEPS:
        texts = apply_rule(texts, rule)
    return texts


def _shielded(texts: pl.Series) -> pl.Series:
    """The texts with the digits of all KEPT_TOKENS shielded. Each text by itself, so that none depends on another."""
    for rule in KEPT_TOKENS:
        texts = change_where(texts, texts.str.contains(rule.pattern), partial(_shield_tokens, rule))
    return texts


def _shield_tokens(rule: Rule, texts: pl.Series) -> pl.Series:
    return pl.Series(texts.name, [re.sub(rule.pattern, _shield, text) for text in texts], dtype=pl.String)


def _shield(token: re.Match[str]) -> str:
    return re.sub(r"(?<!\x02K)[0-9]", rf"{SHIELD}\g<0>", token[0]).replace("@", _AT_SHIELD)


def apply_rule(texts: pl.Series, rule: Rule) -> pl.Series:
    """The rule on those texts that hold its hint; the very same series where none does."""
    hit = texts.str.contains(rule.hint).fill_null(value=False)
    return change_where(texts, hit, lambda hits: hits.str.replace_all(rule.pattern, rule.replacement))


def change_where(texts: pl.Series, hit: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts, changed where `hit` is true; `change` is given these alone, and is not called where there are none."""
    if not hit.any():
        return texts
    if hit.all():
        return change(texts)
    return texts.clone().scatter(hit.arg_true(), change(texts.filter(hit)))  # scatter writes in place: into the copy


_MARKED_AT_MOST = 8
_ANY_KEEP = "|".join(f"(?:{rule.pattern})" for rule in KEEPS)
_VALUES = ((_STATUS, "[0-9]{3}"), (_CODES, "[0-9]{3}"), (_CLOSE_CODES, "[0-9]{4}"))


def _widened(rule: Rule) -> Rule:
    """The rule for any digits, for texts of several lines, and whatever a mask makes of what stands around."""
    pattern = (
        rule.pattern.replace(_ARROW_BEFORE, "")
        .replace(_ARROW_BEHIND, r"\s")
        .replace(r"(\b", "(")
        .replace(" [a-z]", " ")
    )
    for values, digits in _VALUES:
        pattern = pattern.replace(values, digits)
    pattern = "(?m)" + pattern.replace(r"\A", "^").replace(r"\z", "$")
    return Rule(rule.name, pattern, pattern, rule.replacement)


_WIDENED = tuple(_widened(rule) for rule in (*KEEPS, Rule("access", "", ACCESS, "${1}" + SHIELD + "${4}${5}")))
_ANY_MARK = "|".join(f"(?:{rule.pattern})" for rule in _WIDENED)
