"""Heads: texts in; the same without what their logger wrote before the message (stamp, process, logger, level) out.

A change of a row changes signatures: raise `RULES` in classifiers/signatures.py with it.
"""

import polars as pl

from classifiers.masks import MONTH, TIME, ZONE, Rule, apply_rule

__all__ = ["strip_head"]

_LEVEL = (
    "(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|CRIT|CRITICAL|FATAL|ALERT|EMERG|EMERGENCY|PANIC"
    "|SUCCESS|LOG|VERBOSE)"
)
_WORD = "(?:trace|debug|info|notice|warn|warning|error|critical|fatal)"  # a level only where punctuation says so
_STAMP = (
    rf"\[?(?:[0-9]{{4}}[-/][0-9]{{2}}[-/][0-9]{{2}}[T ]{TIME}|[0-9]{{2}}/[0-9]{{2}}/[0-9]{{4}},? {TIME}"
    rf"|[0-9]{{1,2}}-{MONTH}-[0-9]{{4}} {TIME})\s?{ZONE}\]?"
)
_PART = r"(?:\[[^\]\n]{0,60}\]|\([^)\n]{0,40}\)|[0-9]+|-{1,3}|[\w.$/-]+(?::[\w<>]+)*:?)"
# What a logger writes before the message: stamp, process, logger, level. Each layout is tried once, in this order.
_HEADS: tuple[Rule, ...] = (
    Rule(
        "logfmt",
        r"(?:level|lvl|severity)=",
        r"(?:^|\s)(?:time|ts|timestamp|level|lvl|severity|source|caller|logger)=(?:\"[^\"]*\"|\S+)",
        "",
    ),
    Rule("logfmt_message", r"msg=", r"^\s*msg=(?:\"((?:[^\"\\]|\\.)*)\"|(\S+))", "${1}${2}"),
    Rule(
        "no_exception", r"NoneType: None\s*\z", r"(?:\n|\\n)\s*NoneType: None\s*\z", ""
    ),  # Python's word for none raised
    Rule("ruby", r"^[DIWEFAU], \[", r"^[DIWEFAU], \[[^\]\n]*\]\s+[A-Z]+ -- [^:\n]*(?:::[^:\n]*)*:\s+", ""),
    Rule("glog", r"^[IWEF][0-9]{4} ", r"^[IWEF][0-9]{4} [0-9:.]+\s+[0-9]+ [\w./-]+:[0-9]+\]\s*", ""),
    Rule("nest", r"^\[[A-Z]\w+\] [0-9]", rf"^\[\w+\]\s+[0-9]+\s+-\s+{_STAMP}\s+{_LEVEL}\s+(?:\[[^\]]*\]\s*)?", ""),
    Rule(
        "stamped",
        r"^\s*\[?[0-9]",
        rf"^\s*{_STAMP}[\s|,:-]*(?:{_PART}[\s|,-]+){{0,4}}?"
        rf"(?:[\[(<]?{_LEVEL}[\])>:]?|{_WORD}:|\[{_WORD}\]:?)[\s|:-]+",
        "",
    ),
    Rule("stamp", r"^\s*\[?[0-9]", rf"^\s*{_STAMP}[\s|,:-]*", ""),
    Rule(
        "levelled",
        rf"^\s*[\[(]?(?:{_LEVEL}|{_WORD})",
        rf"^\s*(?:[\[(](?:{_LEVEL}|{_WORD})[\])]:?|(?:{_LEVEL}|{_WORD}):|{_LEVEL}\s*[|-]"
        rf"|(?:{_LEVEL}|{_WORD}) \([A-Za-z][\w:./@-]*\):)\s+",
        "",
    ),
    Rule("spring", r"^[0-9]+ --- \[", r"^[0-9]+ --- (?:\[[^\]]*\]\s*)+[\w.$/\[\]]+\s*:\s", ""),
    Rule(
        "location",  # module:function:line, file.go:line, dotted.logger
        r"^[\[\w]",
        r"^(?:\[\w+(?:[.:]\w+)+\]\s|[\w.$/<>-]+:[\w<>]+:[0-9]+\s*[|-]\s|[\w/.-]+\.[a-z]{1,4}:[0-9]+:?\s"
        r"|\w+(?:\.[\w$]+)+\s+[-:|]\s)",
        "",
    ),
    Rule("inner_level", rf"^\s*\[{_LEVEL}\]", rf"^\s*\[{_LEVEL}\]:?\s*", ""),
)


def strip_head(texts: pl.Series) -> pl.Series:
    """The texts without what their logger wrote before the message (stamp, process, logger, level); nulls stay."""
    for rule in _HEADS:
        texts = apply_rule(texts, rule)
    return texts
