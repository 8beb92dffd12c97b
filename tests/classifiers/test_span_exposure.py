"""Services that log no requests are counted in the traces that their server spans tell."""

from pathlib import Path
from typing import Any

from classifiers.classify import read
from classifiers.config import ClassifyConfig
from classifiers.exposure import Exposure
from classifiers.findings import Findings
from collector.window import NS_PER_S, Window
from tests.support.system import HOUR, MINUTE, START_NS, System

OLD, NEW = "stock-00041-abc", "stock-00042-def"
BROKEN_S = 7 * HOUR
END_S = 8 * HOUR


def stock(*, spans_of: int = 1, rows_of: int = 1, instances: bool = True) -> System:
    """A service without request logs that is called twice a minute; from a deploy on a third of the calls fails.

    Of `spans_of` traces one has a span; of `rows_of` traces that did not fail one wrote a line.
    """
    system = System()
    system.line(-1, "stock", OLD, "ready", severity="INFO")
    for number in range(END_S // 30):
        at_s, trace = number * 30.0, f"{number + 1:032x}"
        revision = NEW if at_s >= BROKEN_S else OLD
        is_failing = revision == NEW and number % 3 == 0
        instance: dict[str, Any] = {"faas_instance": f"{revision}-one"} if instances else {}
        if number % spans_of == 0:
            system.span(at_s, "stock", trace, f"{number + 1:016x}", **instance)
        if is_failing:
            system.line(at_s + 0.005, "stock", revision, "KeyError: warehouse is not known", trace=trace)
        elif number % rows_of == 0:
            system.line(at_s + 0.005, "stock", revision, "counted", trace=trace, severity="INFO")
    return system


def findings(system: System, folder: Path) -> Findings:
    return system.findings(folder, END_S, 6 * HOUR)


def exposure(system: System, folder: Path) -> Exposure:
    window = Window(START_NS, START_NS + END_S * NS_PER_S)
    with system.stored(folder).read() as reader:
        return read(reader, window=window, config=ClassifyConfig()).history.exposure


def test_a_service_without_request_logs_is_counted_in_traces(tmp_path: Path) -> None:
    (found,) = findings(stock(), tmp_path).clusters

    assert found.onset.unit == "traces"
    assert (found.units, found.onset.rate_before) == (40, 0.0)
    assert found.onset.rate_after is not None
    assert abs(found.onset.rate_after - 1 / 3) < 0.02
    assert {row.revision: row.exposed for row in found.per_revision} == {OLD: 840, NEW: 120}
    assert found.attribution is not None
    assert (found.attribution.revision, found.attribution.confidence > 0.5) == (NEW, True)


def test_the_report_says_what_was_counted(tmp_path: Path) -> None:
    told = findings(stock(), tmp_path).coverage.blind_spots

    assert "no request logs of stock: failures are counted per trace, by spans" in told
    assert not any("rates are estimates" in one for one in told)


def test_of_sampled_spans_each_stands_for_several_traces(tmp_path: Path) -> None:
    found = findings(stock(spans_of=4), tmp_path)

    (cluster,) = found.clusters
    assert (cluster.onset.unit, cluster.units) == ("traces", 40)
    assert cluster.onset.rate_after is not None
    assert abs(cluster.onset.rate_after - 1 / 3) < 0.05
    assert any("have spans (of one service 25%): its rates are estimates" in one for one in found.coverage.blind_spots)


def test_a_handful_of_spans_is_too_few_to_count_by(tmp_path: Path) -> None:
    (found,) = findings(stock(spans_of=60), tmp_path).clusters

    assert found.onset.unit == "minutes"


def test_the_revision_of_a_trace_without_lines_is_that_of_its_instance(tmp_path: Path) -> None:
    found = exposure(stock(rows_of=20), tmp_path)

    grid = found.service("shop-staging", "stock")
    assert {name: round(counts.sum()) for name, counts in grid.by_revision.items()} == {OLD: 840, NEW: 120}
    assert found.span_shares() == {("shop-staging", "stock"): (1.0, 1.0)}


def test_else_it_is_the_one_that_wrote_most_at_that_time_and_that_is_told(tmp_path: Path) -> None:
    system = stock(rows_of=2, instances=False)
    found = exposure(system, tmp_path)

    ((share, known),) = found.span_shares().values()
    assert (share, known < 0.6) == (1.0, True)
    grid = found.service("shop-staging", "stock")
    assert {name: round(counts.sum()) for name, counts in grid.by_revision.items()} == {OLD: 840, NEW: 120}


def test_requests_go_before_spans(tmp_path: Path) -> None:
    system = stock()
    for number in range(60):
        system.request(number * MINUTE, "stock", OLD)

    found = exposure(system, tmp_path)

    assert found.service("shop-staging", "stock").unit == "requests"
    assert found.span_shares() == {}
