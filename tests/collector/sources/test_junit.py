"""JUnit XML of several tools is read case by case; what is broken, huge or hostile is told and does no harm."""

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from collector.errors import NormaliseError
from collector.records import RawBatch
from collector.sources import junit
from collector.sources.files import find_files, read_files

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PYTEST = f"""<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4" time="12.5"
 timestamp="2026-09-14T20:00:00.000001+00:00" hostname="ci-7">
<testcase classname="tests.e2e.test_login" name="test_ok" time="2.0"><system-out>fine</system-out></testcase>
<testcase classname="tests.e2e.test_login" name="test_refused" time="1.5">
<failure message="AssertionError: assert 500 == 200">def test_refused():
&gt;   assert 500 == 200
E   AssertionError</failure><system-err>traceparent: 00-{TRACE}-00f067aa0ba902b7-01</system-err></testcase>
<testcase classname="tests.e2e.test_shop" name="test_later" time="0.0">
<skipped type="pytest.xfail" message="not yet"/></testcase>
<testcase classname="" name="tests.e2e.test_gone" time="0.0"><error message="collection failure">ImportError</error>
</testcase></testsuite></testsuites>"""
SUREFIRE = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="com.acme.CartTest" time="1,204.5" tests="3">
<properties><property name="traceparent" value="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"/></properties>
<testcase name="adds" classname="com.acme.CartTest" time="0.1">
<flakyFailure message="once" type="java.lang.AssertionError"><stackTrace>x</stackTrace></flakyFailure></testcase>
<testcase name="pays" classname="com.acme.CartTest" time="0.2"><failure message="no" type="java.lang.RuntimeException">
java.lang.RuntimeException: no
\tat com.acme.CartTest.pays(CartTest.java:9)</failure><rerunFailure message="no again" type="X"/></testcase>
</testsuite>"""
GO = """<testsuites><testsuite name="acme/cart" tests="1" failures="1" time="0.010" timestamp="2026-09-14T20:00:00Z">
<testcase classname="cart" name="TestAdd" time="0.010"><failure message="Failed" type="">cart_test.go:9: boom</failure>
</testcase></testsuite><testsuite name="acme/none" tests="0"></testsuite></testsuites>"""


def cases(path: Path, content: bytes | str) -> tuple[list[dict[str, Any]], RawBatch]:
    """The cases that a file of this content gives, and the batch that holds them."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (batch,) = read_files(find_files([path]))
    return [orjson.loads(raw) for raw in batch.records["raw"]], batch


def test_pytest_tells_outcomes_messages_and_traces(tmp_path: Path) -> None:
    found, batch = cases(tmp_path / "report", PYTEST)

    assert batch.kind == "tests"
    assert [one["outcome"] for one in found] == ["passed", "failed", "skipped", "error"]
    assert found[1]["message"] == "AssertionError: assert 500 == 200"
    assert (found[1]["traces"], found[1]["before_s"]) == (TRACE, 2.0)
    assert found[0]["output"] == ""  # of what passed nothing is kept


def test_surefire_tells_flaky_and_repeated_failures(tmp_path: Path) -> None:
    found, _ = cases(tmp_path / "TEST-com.acme.CartTest.xml", SUREFIRE)

    assert [one["outcome"] for one in found] == ["flaky", "failed"]
    assert found[1]["type"] == "java.lang.RuntimeException"
    assert "CartTest.java:9" in found[1]["body"]
    assert found[0]["traces"] == "0af7651916cd43dd8448eb211c80319c"


def test_a_suite_without_cases_is_told_as_one(tmp_path: Path) -> None:
    found, _ = cases(tmp_path / "go.xml", GO)

    assert [(one["suite"], one["outcome"]) for one in found] == [("acme/cart", "failed"), ("acme/none", "empty")]


@pytest.mark.parametrize("content", ["<testsuites/>", '<testsuite name="pytest" tests="0" time="0.01"></testsuite>'])
def test_a_run_that_collected_nothing_is_one_record(tmp_path: Path, content: str) -> None:
    assert [one["outcome"] for one in cases(tmp_path / "empty.xml", content)[0]] == ["empty"]


def test_packed_and_recoded_reports_are_the_same_run(tmp_path: Path) -> None:
    plain = cases(tmp_path / "a.xml", PYTEST)[0]
    packed = cases(tmp_path / "b.xml.gz", gzip.compress(PYTEST.encode()))[0]
    wide = cases(tmp_path / "c.xml", PYTEST.encode("utf-16"))[0]

    assert plain == packed == wide


def test_a_declared_encoding_is_obeyed(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><testsuite name="a"><testcase name="größe"/></testsuite>'

    assert cases(tmp_path / "a.xml", text.encode("latin-1"))[0][0]["name"] == "größe"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (PYTEST[: PYTEST.index("test_later")], "breaks off or is not well-formed"),
        (PYTEST.replace('name="test_later"', "name=test_later"), "not well-formed in line"),
        (PYTEST.encode().replace(b"fine", b"\xff\xfe"), "not well-formed"),
    ],
)  # fmt: skip
def test_what_came_before_a_break_is_kept(tmp_path: Path, content: str | bytes, reason: str) -> None:
    found, batch = cases(tmp_path / "broken.xml", content)

    assert len(found) == (0 if isinstance(content, bytes) else 2)
    assert batch.dead.height == 1
    assert reason in batch.dead["reason"][0]


def test_an_unknown_encoding_is_told(tmp_path: Path) -> None:
    found, batch = cases(tmp_path / "a.xml", '<?xml version="1.0" encoding="klingon"?><testsuite/>')

    assert found == []
    assert "encoding" in batch.dead["reason"][0]


@pytest.mark.parametrize("kind", ["<!DOCTYPE", "<!doctype"])
def test_a_bomb_is_refused_before_anything_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bomb.xml"
    path.write_text(f'<?xml version="1.0"?>\n{kind} x [<!ENTITY a "aaaa">]><testsuite name="&a;"/>', encoding="utf-8")

    with pytest.raises(NormaliseError, match="document type"):
        find_files([path])


def test_endless_depth_ends(tmp_path: Path) -> None:
    found, batch = cases(tmp_path / "deep.xml", "<testsuites>" + "<testsuite>" * 5000)

    assert found == []
    assert "deeper than" in batch.dead["reason"][0]


def test_what_is_too_large_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit, "MAX_XML_BYTES", 200_000)  # the real limit takes a minute to reach

    found, batch = cases(tmp_path / "huge.xml", PYTEST.replace("fine", "x" * 300_000))

    assert found == []
    assert "larger than" in batch.dead["reason"][0]


def test_other_xml_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "pom.xml").write_text("<project><name>acme</name></project>", encoding="utf-8")

    with pytest.raises(NormaliseError, match="no JUnit report"):
        find_files([tmp_path / "pom.xml"])
