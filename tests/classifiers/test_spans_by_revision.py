"""Every span has the revision that made it, and how that is known."""

from pathlib import Path
from typing import Any

import pytest

from classifiers.regions import read_placed_facts
from classifiers.spans_by_revision import lay_spans_by_revision
from collector.window import NS_PER_S
from tests.support.system import MINUTE, START_NS, System

OLD, NEW = "shop-00041-abc", "shop-00042-def"
END_NS = START_NS + 3600 * NS_PER_S
Told = tuple[str, str, str]


def told(system: System, folder: Path, *, end_ns: int = END_NS) -> dict[str, Told]:
    """Per span its revision, what was told, and by what it is known."""
    with system.stored(folder, is_signed=False).read() as reader:
        read_placed_facts(reader, end_ns=end_ns)
        lay_spans_by_revision(reader, start_ns=START_NS, end_ns=end_ns)
        rows = reader.sql("select span, revision, revision_told, revision_by from spans_by_revision")
    return {span: (revision, version, by) for span, revision, version, by in rows.rows()}


def one(system: System, folder: Path, **attributes: Any) -> Told:
    """Of one span of the shop with those attributes, ten minutes in."""
    system.span(10 * MINUTE, "shop", "a" * 32, "b" * 16, **attributes)
    return told(system, folder)["b" * 16]


def lines() -> System:
    """A shop of which OLD wrote, and NEW from minute 5 on."""
    system = System()
    system.line(0, "shop", OLD, "ready", severity="INFO")
    system.line(5 * MINUTE, "shop", NEW, "ready", severity="INFO")
    return system


@pytest.mark.parametrize("key", ["faas_version", "service_version"])
def test_a_told_revision_that_lines_know_is_its_own(tmp_path: Path, key: str) -> None:
    assert one(lines(), tmp_path, **{key: OLD}) == (OLD, OLD, "own")


def test_one_of_the_form_of_a_revision_is_its_own_though_nothing_was_logged(tmp_path: Path) -> None:
    assert one(lines(), tmp_path, service_version="shop-00043-ghi") == ("shop-00043-ghi", "shop-00043-ghi", "own")


def test_a_version_is_no_revision_where_revisions_are_known(tmp_path: Path) -> None:
    assert one(lines(), tmp_path, service_version="1.4.2") == (NEW, "1.4.2", "minute")


def test_the_instance_tells_by_another_span(tmp_path: Path) -> None:
    system = lines()
    system.span(MINUTE, "shop", "c" * 32, "d" * 16, faas_instance="i-1", faas_version=OLD)

    assert one(system, tmp_path, faas_instance="i-1") == (OLD, "", "instance")


def test_the_instance_tells_by_its_lines(tmp_path: Path) -> None:
    system = lines()
    system.line(MINUTE, "shop", OLD, "hello", severity="INFO", instance="i-1")

    assert one(system, tmp_path, faas_instance="i-1") == (OLD, "", "instance")


def test_an_instance_of_two_revisions_tells_nothing(tmp_path: Path) -> None:
    system = lines()
    for revision in (OLD, NEW):
        system.line(MINUTE, "shop", revision, "hello", severity="INFO", instance="i-1")

    assert one(system, tmp_path, faas_instance="i-1")[2] == "minute"


def test_the_request_of_the_trace_tells(tmp_path: Path) -> None:
    system = lines()
    system.line(10 * MINUTE, "shop", OLD, "hello", severity="INFO", trace="a" * 32)

    assert one(system, tmp_path) == (OLD, "", "request")


def test_a_line_of_another_service_in_the_trace_tells_nothing(tmp_path: Path) -> None:
    system = lines()
    system.line(10 * MINUTE, "cart", "cart-00001-xyz", "hello", severity="INFO", trace="a" * 32)

    assert one(system, tmp_path) == (NEW, "", "minute")


def test_a_version_of_a_service_that_logs_nothing_is_told(tmp_path: Path) -> None:
    assert one(System(), tmp_path, service_version="1.4.2") == ("1.4.2", "1.4.2", "told")


def test_nothing_is_known_of_a_span_that_tells_nothing(tmp_path: Path) -> None:
    assert one(System(), tmp_path) == ("", "", "")


def test_what_comes_after_the_end_tells_nothing(tmp_path: Path) -> None:
    system = lines()
    system.line(20 * MINUTE, "shop", OLD, "hello", severity="INFO", trace="a" * 32)
    system.span(10 * MINUTE, "shop", "a" * 32, "b" * 16)

    assert told(system, tmp_path, end_ns=START_NS + 15 * 60 * NS_PER_S) == {"b" * 16: (NEW, "", "minute")}
