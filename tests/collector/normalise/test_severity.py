"""The level that a line names itself, in the layouts of the loggers people use."""

import polars as pl
import pytest

from collector.normalise.severity import severity_of_text, severity_of_word

LINES = [
    # loguru, gunicorn, uvicorn, Python logging
    ("2026-08-25 16:22:10.065 | ERROR    | shop.db.health:check:150 | it failed", 17),
    ("[2026-09-16 00:42:53 +0000] [11] [ERROR] Reason: Worker failed to boot.", 17),
    ('INFO:     10.0.0.1:33 - "GET / HTTP/1.1" 200 OK', 9),
    ("2026-10-31 21:03:53,678 INFO [shop.handlers] ready", 9),
    ("2026-09-16 00:00:00,123 - shop.db - WARNING - slow", 13),
    ("ERROR:root:boom", 17),
    ("CRITICAL: set-up failed", 18),
    # Go: slog, klog, zap, std log (names none)
    ('time=2026-09-16T00:00:00Z level=ERROR msg="x"', 17),
    ("E0916 12:00:00.000000     123 main.go:12] x", 17),
    ("2026-09-16T00:00:00.000Z\terror\tmsg", 17),
    ("2026-09-16T00:00:00.000Z\tWARN\tmsg", 13),
    ("2026/07/29 00:44:20 permit.go:397: ERROR could not permit", 17),
    ("[2026-07-29T00:44:20.120Z] warn (api:core/x): slow", 13),
    ("2026/10/31 21:03:53 page.go:74: an error was handled", 0),
    # Node: winston, Nest, bracketed
    ("error: something failed", 17),
    ("[warn] low on memory", 13),
    ("[Nest] 1  - 09/16/2026, 12:00:00 AM   ERROR [Handler] boom", 17),
    # Java: Spring Boot, logback, java.util.logging
    ("2026-10-31T21:03:53.123Z  WARN 1 --- [nio-8080-exec-1] c.a.Foo : x", 13),
    ("21:03:53.123 [main] ERROR c.f.Foo - x", 17),
    ("Sep 16, 2026 12:00:00 AM com.foo.Bar log\nSEVERE: x", 17),
    # Ruby, PHP, .NET
    ("W, [2026-11-01T10:00:00 #1]  WARN -- : hi", 13),
    ("[2026-11-01 10:00:00] production.ERROR: x", 17),
    ("fail: Shop.Orders[13]", 17),
    ("[12:00:00 INF] started", 9),
    # a word further on is part of the message
    ("There was an ERROR in the upstream, ignored", 0),
    ("error handling request: none", 0),
    ("retry after warning of the upstream", 0),
    ("", 0),
]


@pytest.mark.parametrize(("line", "number"), LINES)
def test_level_of_a_line(line: str, number: int) -> None:
    assert severity_of_text(pl.Series([line])).to_list() == [number]


def test_a_column_keeps_its_order_and_its_nulls() -> None:
    texts = pl.Series([None, *(line for line, _ in LINES), None])

    assert severity_of_text(texts).to_list() == [0, *(number for _, number in LINES), 0]


def test_words_and_numbers_of_clients() -> None:
    words = pl.Series(["INFO", "warn", "500", "40", "30.0", "DEFAULT", None, "verbose", "teal"])

    assert severity_of_word(words).to_list() == [9, 13, 17, 17, 13, 0, 0, 5, 0]
    assert severity_of_word(pl.Series(["30", "50", "60"]), is_pino=True).to_list() == [9, 17, 21]
