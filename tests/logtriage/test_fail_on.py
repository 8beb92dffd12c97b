"""Conditions of `diff --fail-on`."""

import pytest

from classifiers.changes import Difference
from classifiers.compare import Compared, Course, Failing
from classifiers.edges import Flow, FlowEdge
from classifiers.findings import Change
from collector.replacing import replace
from logtriage.errors import ConfigError
from logtriage.fail_on import Verdict, judge_conditions, read_conditions

SAME = Difference("shop-1", "shop-2", (), "nothing", ())
GONE = replace(SAME, changes=(Change("env_removed", "KEY", "secret key:7"),), label="config only")
BLANK = replace(SAME, label="not known", unknown=("configuration",), reasons=("no document of shop-1 is stored",))


def failing(*courses: Course, served: tuple[int, int] = (100, 96)) -> Failing:
    clusters = tuple(
        Compared(f"c{at}", f"failure {at}", "requests", 0 if course != "grown" else 5, 100, 94, 96, None, 0.0, course)
        for at, course in enumerate(courses)
    )
    return Failing(clusters, "requests", *served, 0)


def judged(*wanted: str, of: Difference = SAME, failures: Failing | None = None, why_not: str = "") -> Verdict:
    return judge_conditions(wanted, of, failures if failures or why_not else failing(), why_not)


def test_lists_with_commas_and_repeated_options_are_one_list() -> None:
    assert read_conditions(["removed-env,new-cluster", " rate", "rate"]) == ("removed-env", "new-cluster", "rate")
    assert read_conditions([]) == ()


@pytest.mark.parametrize("given", [["removed_env"], ["rate,nope"], [""], [","]])
def test_what_is_not_known_is_an_error_that_lists_the_known(given: list[str]) -> None:
    with pytest.raises(ConfigError, match="removed-env, new-cluster, rate, lost-edge, new-edge, unknown, any"):
        read_conditions(given)


def test_a_variable_or_a_mounted_secret_that_is_gone_matches() -> None:
    mount = replace(SAME, changes=(Change("other", "mounted secret pay-cert", "key.pem:3"),))

    assert judged("removed-env", of=GONE).matched == ("--fail-on removed-env matched: KEY is gone (was secret key:7)",)
    assert judged("removed-env", of=mount).matched
    assert judged("removed-env", of=replace(SAME, changes=(Change("env_added", "KEY"),))) == Verdict((), ())


@pytest.mark.parametrize("section", ["configuration", "env", "proxy/env", "volumes", "containers"])
def test_a_list_that_is_not_known_leaves_it_open(section: str) -> None:
    half = replace(SAME, unknown=(section,), reasons=("what is stored of shop-2 does not tell it",))

    verdict = judged("removed-env", of=half)

    assert verdict.matched == ()
    assert verdict.open == (
        f"--fail-on removed-env: cannot tell, so not matched: {section}: what is stored of shop-2 does not tell it",
    )


@pytest.mark.parametrize("section", ["env KEY", "image", "memory"])
def test_other_gaps_do_not(section: str) -> None:
    assert judged("removed-env", of=replace(SAME, unknown=(section,), reasons=("withheld",))) == Verdict((), ())


def test_a_new_cluster_matches_and_a_grown_one_only_the_rate() -> None:
    assert judged("new-cluster", failures=failing("new")).matched == (
        "--fail-on new-cluster matched: failure 0: 94 of 96 requests failed on shop-2, 0 of 100 on shop-1",
    )
    assert judged("new-cluster", failures=failing("grown", "alike", "stopped", "less")) == Verdict((), ())
    assert judged("rate", failures=failing("grown")).matched
    assert judged("rate", failures=failing("new")).matched
    assert judged("rate", failures=failing("alike", "stopped", "less")) == Verdict((), ())


@pytest.mark.parametrize("condition", ["new-cluster", "rate"])
def test_failures_that_cannot_be_judged_are_told_and_do_not_match(condition: str) -> None:
    for verdict in (
        judged(condition, failures=failing("cannot tell")),
        judged(condition, failures=failing(served=(0, 96))),
        judged(condition, failures=failing(served=(100, 0))),
        judged(condition, why_not="they are of two services"),
    ):
        assert verdict.matched == ()
        assert len(verdict.open) == 1
        assert verdict.open[0].startswith(f"--fail-on {condition}: cannot tell, so not matched: ")


def test_unknown_makes_what_cannot_be_judged_match() -> None:
    assert judged("removed-env", "unknown", of=BLANK).matched == (
        "--fail-on unknown matched: removed-env cannot be told: configuration: no document of shop-1 is stored",
    )
    assert judged("unknown", of=BLANK).matched
    assert judged("unknown") == Verdict((), ())
    assert judged("unknown", of=GONE) == Verdict((), ())


def test_any_and_types_of_change_are_conditions_too() -> None:
    assert judged("any", of=GONE).matched == ("--fail-on any matched: env_removed KEY",)
    assert judged("env_removed", "image", of=GONE).matched == ("--fail-on env_removed matched: env_removed KEY",)
    assert judged("any") == Verdict((), ())
    assert judged("memory_limit", "image", of=BLANK).open[0].startswith("--fail-on memory_limit: cannot tell")


def test_more_than_three_are_counted() -> None:
    assert judged("rate", failures=failing("new", "new", "new", "new", "new")).matched[0].endswith("; 2 more")


LOST = FlowEdge("call", "POST /pay", "auth.verify", "accept", 198, 201, 0, 212, 1e-30, "lost")


@pytest.mark.parametrize(
    ("edges", "wanted", "said"),
    [
        ((LOST,), "lost-edge", "auth.verify no longer follows accept in POST /pay: 0/212 traces on shop-2, 198/201"),
        ((replace(LOST, course="new"),), "new-edge", "auth.verify now follows accept"),
    ],
)
def test_a_lost_or_new_edge_matches_with_its_counts(edges: tuple[FlowEdge, ...], wanted: str, said: str) -> None:
    verdict = judge_conditions((wanted,), SAME, failing(), "", Flow("spans", "", edges))

    assert verdict.matched[0].startswith(f"--fail-on {wanted} matched: {said}")


def test_edges_that_are_rarer_or_renamed_match_nothing() -> None:
    flow = Flow("spans", "", (replace(LOST, course="fewer"), replace(LOST, course="replaced")))

    assert judge_conditions(("lost-edge", "new-edge"), SAME, failing(), "", flow) == Verdict((), ())


@pytest.mark.parametrize("flow", [None, Flow("", "no trace of shop-2 is stored")])
def test_edges_without_traces_cannot_be_judged(flow: Flow | None) -> None:
    verdict = judge_conditions(("lost-edge",), SAME, failing(), "", flow)

    assert verdict.matched == ()
    assert "cannot tell, so not matched" in verdict.open[0]
