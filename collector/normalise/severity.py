"""Severity as OpenTelemetry's number: of a field's word or number, and of the level a text line names itself."""

import polars as pl

from collector.records import SEVERITY_NUMBER

__all__ = ["severity_of_text", "severity_of_word"]

# Numbers that loggers and clients write for a level: Cloud Logging (100 to 800), Python (10 to 50), pino (10 to 60).
# 10 to 50 mean the same in Python and pino but for 10, which is trace or debug: both quiet.
_NUMERIC: dict[str, int] = {
    "0": 0, "100": 5, "200": 9, "300": 10, "400": 13, "500": 17, "600": 18, "700": 19, "800": 21,
    "10": 5, "20": 9, "30": 13, "40": 17, "50": 18, "60": 21,
}  # fmt: skip
_PINO = {"10": 1, "20": 5, "30": 9, "40": 13, "50": 17, "60": 21}
# Short forms that only .NET's console and Serilog write, in layouts of their own.
_SHORT = {"TRCE": 1, "VRB": 1, "DBUG": 5, "DBG": 5, "INF": 9, "WRN": 13, "FAIL": 17, "FTL": 21}
_NUMBER_OF = {**_SHORT, **SEVERITY_NUMBER, **_NUMERIC, "DEFAULT": 0, "": 0}

_UPPER = (
    "TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|SEVERE|CRIT(?:ICAL)?|FATAL|ALERT|EMERG(?:ENCY)?|PANIC|DPANIC"
    "|FINEST|FINER|FINE|SUCCESS"
)
_LOWER = "trace|debug|info|notice|warn(?:ing)?|error|fatal|critical"
_STAMP = r"(?:[0-9][0-9TtZz:.,/+\- ]*[0-9][Zz]?(?: ?[AP]M)?,?\s*)"
_PART = r"(?:[|\-]\s+|\[[^\]\n]{0,80}\]\s*|\([^)\n]{0,40}\)\s*|<[^>\n]{0,40}>\s*)"
# Where a line's own level stands, by layout; each pattern has the level as its one group. ASCII classes: Unicode ones
# take milliseconds to compile, batch by batch.
_LAYOUTS = (
    # of loguru, gunicorn, zap, logback, log4j, and Python's `2025-09-15 20:03:08,123 INFO [name] ...`
    rf"\A[\s\[(]*{_STAMP}?[\])]?\s*{_PART}{{0,4}}[\[(<]?({_UPPER})(?:[\])>:|,\s]|\z)",
    # of Python's own formats: a date, a name and the level between dashes
    rf"\A{_STAMP}?-\s+[A-Za-z0-9_.$/]+\s+-\s+({_UPPER})\s+-",
    # of logback, with one word between the stamp and the level
    rf"\A{_STAMP}[A-Za-z0-9_.$/\-]{{1,60}}\s+[\[(]?({_UPPER})[\])]?[\s:|]",
    # of logfmt and slog, which write key and value
    r"(?i)\A(?:.{0,120}\s)?(?:level|lvl|severity)=\"?([a-z]+)\b",
    # of klog and glog, where one letter stands before the date
    r"\A([IWEF])[0-9]{4} [0-9][0-9]:[0-9][0-9]:[0-9][0-9]",
    # of winston, npm, uvicorn and pino-pretty, in small letters before a colon or in brackets
    rf"(?i)\A[\s\[(]*{_STAMP}?[\])]?\s*[\[(]?({_LOWER})(?:[\])]|:)(?:\s|\z)",
    # of Go's own log, behind the source line
    rf"\A{_STAMP}[A-Za-z0-9_./\-]+:[0-9]+:\s+[\[(]?({_UPPER})[\])]?[\s:]",
    # of Node loggers that put the logger in brackets behind the level
    rf"(?i)\A\[{_STAMP}\]\s+({_LOWER})\s+[\[(]",
    # of zap's console, between tabs
    rf"(?i)\A{_STAMP}([a-z]+)\t",
    # of Nest, behind a process number and a local date
    rf"\A\[[A-Za-z0-9_]+\]\s+[0-9]+\s+-\s+{_STAMP}({_UPPER}|LOG|VERBOSE)\s",
    # of Ruby's logger
    r"\A[DIWEFA], \[[^\]\n]+\]\s+([A-Z]+) --",
    # of Monolog, behind the channel
    rf"\A\[[^\]\n]+\] [A-Za-z0-9_-]+\.({_UPPER}):",
    # of java.util.logging, where the level begins the second line
    r"\A[^\n]{10,120}\n(SEVERE|WARNING|INFO|CONFIG|FINE|FINER|FINEST): ",
    # of the .NET console and of Serilog
    r"\A(trce|dbug|info|warn|fail|crit): [A-Za-z0-9_.]+\[",
    r"\A\[[0-9:.\- +T]+ (VRB|DBG|INF|WRN|ERR|FTL)\]",
)
_COMMON = 3
_RARE_LAYOUTS = "|".join(f"(?:{layout})" for layout in _LAYOUTS[_COMMON:])  # one scan tells that none of them fits
# What a line that names a level can hold; the scan for these decides whether the layouts are tried at all.
_HINTS = ("trace", "debug", "info", "notice", "warn", "err", "severe", "crit", "fatal", "alert", "emerg", "panic",
          "fine", "success", "level=", "lvl=", "severity=", "fail: ", "dbug", "trce", " log ", " verbose ", "config",
          " inf]", " wrn]", " dbg]", " vrb]", " ftl]")  # fmt: skip
_HEAD = 240  # characters: a level further right is part of the message, not of its head


def severity_of_word(words: pl.Series, *, is_pino: bool = False) -> pl.Series:
    """UInt8 numbers of severity words or numbers; 0 for null and for words that name no level.

    is_pino: numbers count as pino's, where 30 is info.
    """
    table = _NUMBER_OF | _PINO if is_pino else _NUMBER_OF
    texts = words.cast(pl.String)
    distinct = texts.unique()  # few: looked up one by one in a quarter of the time that columns take
    numbers = [table.get(_plain(word), 0) for word in distinct]
    return texts.replace_strict(distinct, pl.Series(numbers, dtype=pl.UInt8), return_dtype=pl.UInt8)


def _plain(word: str | None) -> str:
    return (word or "").strip().upper().removesuffix(".0")


def severity_of_text(texts: pl.Series) -> pl.Series:
    """UInt8 numbers of the level that each line names in its head; 0 where it names none."""
    heads = texts.str.slice(0, _HEAD)
    klog = heads.str.contains(r"\A[IWEF]\d{4} ")
    hit = (heads.str.contains_any(list(_HINTS), ascii_case_insensitive=True) | klog).fill_null(value=False)
    numbers = pl.zeros(texts.len(), dtype=pl.UInt8, eager=True)
    open_rows = hit.arg_true()
    for place, layout in enumerate(_LAYOUTS):  # most lines are of the first layouts: the next see only what is left
        if place == _COMMON:
            open_rows = open_rows.filter(heads.gather(open_rows).str.contains(_RARE_LAYOUTS))
        if not open_rows.len():
            break
        words = heads.gather(open_rows).str.extract(layout)
        if words.null_count() == words.len():
            continue  # spares most layouts the look-up, 0.5 ms each a batch
        found = severity_of_word(words)
        is_found = found > 0
        numbers = numbers.scatter(open_rows.filter(is_found), found.filter(is_found))
        open_rows = open_rows.filter(~is_found)
    return numbers
