"""Text lines in; what each is to its neighbours, read from its own text: head, part of a traceback, rest of a value.

Knows how Python, Node, Java, Kotlin, Go, Ruby, .NET, PHP and Rust write a traceback that is cut into lines.
"""

import enum

import polars as pl

__all__ = ["LINE_COLUMNS", "Role", "line_columns"]


class Role(enum.IntEnum):
    """What a line is to its neighbours; frames of a traceback are told from what is merely indented."""

    ALONE = 0
    TRACE = 1  # a traceback begins
    GLUE = 2  # another traceback of the same chain follows
    FRAME = 3
    INDENTED = 4  # goes on whatever stands before: indented, empty, or brackets that close
    THROWN = 5  # an exception by its type
    HEAD = 6  # as a logger begins a line
    LEVELLED = 7  # has a level, but nothing that a logger writes before
    PLAIN = 8


_FAILURE = 13  # WARNING: a traceback belongs to the line before only when that line tells of trouble
_STARTS_TRACE = (
    r"\A(?:\s*(?:Traceback \(most recent call last\)|\+ Exception Group Traceback)|panic: |fatal error: "
    r"|Exception in thread |Unhandled exception|PHP [A-Z][a-z ]+ error: |thread '[^']*' panicked at "
    r"|[^\s:]+:\d+:in [`'][^`'\n]*': \S"
    # Node tells the place first, then the line of code and a mark below it
    r"|(?:node:|file:|/|[A-Za-z]:\\)[^\s:]+:\d+\s*\z)"
)
_IS_GLUE = r"\A\s*(?:During handling of the above exception|The above exception was the direct cause)"
_FRAMES = (
    r'File "[^"\n]*", line ',  # Python
    r"[|+][ -]",  # the margin of its exception groups
    # Node, Java, Kotlin and .NET
    r"at \S[^\n]*(?:\([^\n]*\)|:\d+)(?: ~?\[[^\n]*\]| in \S[^\n]*:line \d+)?\s*\z",
    r"Caused by: |Suppressed: |\.\.\. \d+ (?:more|common)|\[cause\]: |Node\.js v\d",
    r"--->|--- End of ",
    r"goroutine \d+ \[|created by \S+\.\S|\[signal |exit status \d+\s*\z",  # Go
    r"[\w/*()\[\]-][\w./*()\[\]-]*\.[\w./*()\[\]-]+\((?:\{?0x[0-9a-f]+|\.\.\.|\{|\))[^)]*\)?\z|panic\(\{?0x",
    r"from \S+:\d+:in |[^\s:]+\.rb:\d+:in [`']",  # Ruby
    r"#\d+ (?:/|\{main\}|\[internal|[A-Za-z]:)|Stack trace:\s*\z|thrown in /",  # PHP
    r"stack backtrace:|note: run with ",  # Rust
)
_IS_FRAME = rf"\A\s*(?:{'|'.join(_FRAMES)})"
_IS_INDENTED = r"\A(?:[ \t]+\S|[\])}]+[,;]?\s*\z|\s*\z)"
_IS_THROWN = (
    r"\A(?:Uncaught |Unhandled )?[A-Za-z_$][\w$]*(?:\.[\w$]+)*"
    r"(?:Error|Exception|Warning|Exit|Interrupt|Timeout|Failure|Fault|Throwable|Group)(?:\s\[\w+\])?(?::|\z|\n)"
)
_IS_NAMED = r"\A[A-Za-z_][\w.]*(?:: |:?\z)"  # how a traceback ends, whatever its exception is called
_IS_HEAD = (
    r"\A\s*(?:\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d|\[[\w.-]+\]"
    r"|\(?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b"
    r"|(?:time|level|ts|msg)=|[IWEF]\d{4} \d\d:|\d\d?[:/]\d\d[:/]\d\d|\{)"
)
_ENDS_OPEN = r"[:,(\[{=\\|]\s*\z"  # more must follow
_BEGINS_INSIDE = (
    r"\A(?:[\"'`)\]},.;]|(?:DETAIL|HINT|CONTEXT|STATEMENT|QUERY|WHERE|LINE \d+): "
    r"|\[(?:SQL|parameters): |\(Background on )"
)
_BEGINS_LOW = r"\A[a-z]"
# What is followed by the line that names the exception, unless that stands in the same entry.
_AWAITS = r"\A(?:\s*(?:Traceback \(|\+ Exception Group|File \")|(?:node:|file:|/|[A-Za-z]:\\)[^\s:]+:\d+\s*\z)"
_IS_TOLD = r"\n[^\s|+]"  # a traceback in one piece that ends with its exception

# What is read of a line, in the order in which classifiers/streams.py takes it.
LINE_COLUMNS = ("role", "at_ns", "is_failure", "is_named", "awaits", "fits", "ends_open", "depth", "has_odd_quotes")


def line_columns() -> dict[str, pl.Expr]:
    """LINE_COLUMNS of lines with columns message, severity, at_ns and is_hit, but at_ns, which is taken as it is.

    is_failure: the line itself tells of trouble. is_named: may be the line that names the exception. awaits: such a
    line must follow. fits: 2 begins in the middle of something, 1 perhaps, 0 no. ends_open: more must follow. depth:
    brackets that it opens less those it closes. has_odd_quotes: a quote is left open.
    """
    text = pl.col("message")
    is_trouble = (pl.col("severity") >= _FAILURE) | (pl.col("severity") == 0)
    return {
        "role": _role(text),
        "is_failure": pl.col("is_hit") & is_trouble,
        "is_named": _matches(text, _IS_NAMED),
        "awaits": _matches(text, _AWAITS) & ~_matches(text, _IS_TOLD),
        "fits": pl.when(_matches(text, _BEGINS_INSIDE)).then(2).when(_matches(text, _BEGINS_LOW)).then(1).otherwise(0),
        "ends_open": _matches(text, _ENDS_OPEN),
        "depth": (_count(text, r"[(\[{]") - _count(text, r"[)\]}]")),
        "has_odd_quotes": _count(text, '"') % 2 == 1,
    }


def _matches(text: pl.Expr, pattern: str) -> pl.Expr:
    return text.str.contains(pattern).fill_null(value=False)


def _count(text: pl.Expr, pattern: str) -> pl.Expr:
    return text.str.count_matches(pattern).cast(pl.Int64).fill_null(0)


def _role(text: pl.Expr) -> pl.Expr:
    """The Role of each line; the first that fits."""
    return (
        pl.when(text.is_null()).then(Role.ALONE)
        .when(text.str.contains(_STARTS_TRACE)).then(Role.TRACE)
        .when(text.str.contains(_IS_GLUE)).then(Role.GLUE)
        .when(text.str.contains(_IS_FRAME)).then(Role.FRAME)
        .when(text.str.contains(_IS_INDENTED)).then(Role.INDENTED)
        .when(text.str.contains(_IS_THROWN)).then(Role.THROWN)
        .when(text.str.contains(_BEGINS_INSIDE)).then(Role.PLAIN)
        .when(text.str.contains(_IS_HEAD)).then(Role.HEAD)
        .when(pl.col("severity") > 0).then(Role.LEVELLED)
        .otherwise(Role.PLAIN)
    )  # fmt: skip
