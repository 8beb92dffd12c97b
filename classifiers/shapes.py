"""Shapes: masked messages in; the same texts with every word that looks like a value replaced by `<*>` out.

A rule per shape, each a pure function of one text: what a mask named, kept codes, addresses, paths, file names, hosts,
words with a digit in them, lists and maps as programs print them. Prefixes go with their value (`blk_<id>`,
`node-<number>`), so that two kinds of names at one place give one text. Runs of values (`a, b, c`) are one value: how
long a list is says nothing about its statement.
"""

import polars as pl

from classifiers.masks import Rule, apply_rule

__all__ = ["HEAD_CHARS", "VALUE", "VALUE_MARK", "shape"]

VALUE = "<*>"
VALUE_MARK = "\x1a"  # one character for VALUE while rules run; a control character, so that no text has it
HEAD_CHARS = 2_000  # of a text: what stands further back is data, not its statement

_V = VALUE_MARK
_KINDS = "email|query|uuid|time|ip|revision|id|duration|size|number|\\*"
_BODY = rf"[\w{_V}.$@/\\~+%#-]"  # inside a word that holds a value
# Elements of a list as programs print it: in quotes, a value, a name; alone or as key and value.
_TEXT = rf"(?:'[^']*'|\"[^\"]*\"|{_V}|[\[({{]{_V}[\])}}])"
_ELEMENT = rf"(?:{_TEXT}|[\w.$/+-]+)"
_PAIR = rf"{_ELEMENT} ?[:=] ?{_ELEMENT}"
_MORE = rf"(?:, ?(?:{_PAIR}|{_ELEMENT}))"
_TLD = (
    "com|net|org|edu|gov|mil|int|info|biz|io|dev|app|cloud|local|localdomain|internal|intranet|lan|corp|home|arpa|svc"
)
# country codes, less those that are also words or endings of names in programs (id, is, in, to, it, so, no, my, py ...)
_COUNTRY = (
    "ac|ae|af|ag|ai|al|ar|au|az|ba|bd|bg|bh|br|by|ca|ch|ci|cl|cn|cr|cu|cy|cz|de|dk|ec|ee|eg|es|eu|fi|fj|fr|ga|ge|gh|gr"
    "|gt|hk|hn|hr|hu|ie|il|ir|jo|jp|ke|kg|kh|kr|kw|kz|lb|li|lk|lt|lu|lv|ma|mk|mn|mo|mx|nl|np|nz|om|pa|pe|ph|pk|pr|pt|qa"
    "|ro|ru|sa|se|sg|si|sk|su|sv|th|tn|tr|tw|ua|ug|uk|uy|uz|ve|vn|ye|za|zm|zw"
)
_FILE = (
    "txt|log|out|err|tmp|bak|lock|pid|sock|conf|cfg|ini|json|ya?ml|toml|xml|html?|css|csv|dat|db|sql|jar|war|zip|gz|bz2"
    "|xz|tar|exe|dll|so|bin|img|iso|sh|py|js|ts|java|go|rb|php|cs|cpp|rs|png|jpe?g|gif|svg|pdf|docx?|xlsx?|mp3|mp4|pem"
    "|crt|key"
)

_END = r"(\z|[^\w.-]|\.(?:\s|\z))"  # taken along, so that what ends alike inside a longer name is left; put back
_NAME = r"\b[\w-]+(?:\.[\w-]+)*"
_HOST = rf"{_NAME}\.(?:(?i:{_TLD})(?:\.[a-z]{{2}})?|[\w-]+\.(?:{_COUNTRY})){_END}"
_FILE_NAME = rf"{_NAME}\.(?i:{_FILE}){_END}"

_DAY = "(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?"
_MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    "|Nov(?:ember)?|Dec(?:ember)?)"
)

_CONTAINERS = (
    Rule("list", r"\[\]|\[.*[,'\"]", rf"\[(?:{_TEXT}{_MORE}*|(?:{_PAIR}|{_ELEMENT}){_MORE}+)?,?\]", f"[{_V}]"),
    Rule("tuple", rf"\(['\"{_V}].*\)", rf"\({_TEXT}(?:, ?{_TEXT})*,?\)", f"({_V})"),
    # not at the beginning: a text that is one map has no other words
    Rule("map", r".\{", rf"(. ?)\{{(?:(?:{_PAIR}|{_TEXT}){_MORE}*)?\}}", f"${{1}}{{{_V}}}"),
)

_SHAPES: tuple[Rule, ...] = (
    Rule("space", r"\s", r"\s+", " "),
    Rule("edge", r"\A | \z", r"\A +| +\z", ""),
    Rule("masked", r"<", rf"<(?:{_KINDS})>", _V),
    Rule("url", r"://", r"\b[A-Za-z][A-Za-z0-9+.-]*:/{2,3}[^\s\"'<>()\[\]{},;|]*[^\s\"'<>()\[\]{},;|.:]", _V),
    Rule(
        "drive",
        r"[A-Za-z]:\\|\\\\",
        r"(?:\b[A-Za-z]:|\\)\\[^\s\"'<>|,;()]*(?: [\w.()-]+(?: [\w.()-]+)?\\[^\s\"'<>|,;()]*)*",
        _V,
    ),
    Rule(
        "path",
        r"/",
        rf"(\A|[^\w{_V}/.<)\]])(?:~|\.{{1,2}})?/(?:{_BODY}|\*|:\d)*(?: {_BODY}*[\w{_V}]/{_BODY}+)*(?:\?{_V})?",
        "${1}" + _V,
    ),
    Rule("deep_path", r"/.*/", rf"\b[\w.-]+(?:/[\w.{_V}-]+){{2,}}/?", _V),
    Rule("with_digit", rf"[0-9{_V}]", rf"{_BODY}*[0-9{_V}](?:{_BODY}*[\w{_V}/])?", _V),
    Rule("host", r"\.[A-Za-z]{2}", _HOST, _V + "${1}"),
    Rule("host_again", r"\.[A-Za-z]{2}", _HOST, _V + "${1}"),  # of two neighbours one pass sees one
    Rule("file", r"\.[A-Za-z]{2}", _FILE_NAME, _V + "${1}"),
    Rule("file_again", r"\.[A-Za-z]{2}", _FILE_NAME, _V + "${1}"),
    Rule("calendar", rf"{_V}", rf"\b(?:{_DAY}\b,? )?{_MONTH}\.?,? {_V}|\b{_DAY},? {_V}", _V),
    Rule("unset", r"\w=", r"(\w=)([\s,;)\]}]|\z)", "${1}" + _V + "${2}"),
    Rule("empty", r" \(\)", r" \(\)", f" ({_V})"),
    *_CONTAINERS,
    *_CONTAINERS,  # around those
    Rule("run", rf"{_V}[ ,;]+{_V}", rf"{_V}(?:[ ,;]+{_V})+", _V),
)


def shape(texts: pl.Series) -> pl.Series:
    """The texts on one line, at most HEAD_CHARS characters, with VALUE_MARK for each value; nulls stay."""
    texts = texts.str.slice(0, HEAD_CHARS).str.replace_all(VALUE_MARK, "", literal=True)
    for rule in _SHAPES:
        texts = apply_rule(texts, rule)
    return texts
