"""Commands to copy."""

from dataclasses import replace
from typing import Any

import pytest

from classifiers.findings import Change
from collector.records import Revision, Served
from logtriage.commands import commands_for, first_step
from logtriage.lookup import Lookup
from tests.support.findings import DAY_NS, END_NS, HOUR_NS, attribution, cluster, dependency, findings, revision


def _lines(**changes: object) -> list[str]:
    blamed = attribution(**changes)
    return [command.line for command in commands_for(cluster(attribution=blamed), Lookup(findings()))]


def test_a_dropped_secret_is_restored_proven_or_rolled_back() -> None:
    update = "gcloud run services update shop --project=acme-test --region=REGION"
    setting = "--update-secrets=PAYMENT_KEY=payment-key:7"
    traffic = "gcloud run services update-traffic shop --project=acme-test --region=REGION"

    assert _lines() == [
        f"{update} {setting}",
        f"{update} --no-traffic --tag=prove {setting}",
        f"{traffic} --to-revisions=shop-00007-abc=100",
        "logtriage diff shop-00007-abc shop-00008-bad",
    ]


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        (Change("env_removed", "MODE", before="literal #a1b2c3"), "--update-env-vars=MODE=VALUE"),
        (Change("secret_ref_changed", "KEY"), "--update-secrets=KEY=SECRET:VERSION"),
        (Change("env_removed", "side/KEY", before="secret k:2"), "--container=side --update-secrets=KEY=k:2"),
        (Change("env_removed", "A; rm -rf ~"), "--update-env-vars='A; rm -rf ~'=VALUE"),
    ],
)
def test_a_setting_names_no_value_and_cannot_run_anything(change: Change, setting: str) -> None:
    assert setting in _lines(change=change)[0]


def test_a_changed_image_is_rolled_back_or_compared() -> None:
    lines = _lines(change=Change("image", "image"), also_changed=())

    assert [line.split()[0] for line in lines] == ["gcloud", "logtriage"]


def test_nothing_is_done_to_a_revision_that_is_not_blamed() -> None:
    assert _lines(confidence=0.49) == []
    assert commands_for(dependency(), Lookup(findings())) == ()


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({}, "restore PAYMENT_KEY: logtriage show 1 (roll-back drops 2 revisions)"),
        ({"change": Change("env_changed", "MODE")}, "set back MODE: logtriage show 1 (roll-back drops 2 revisions)"),
        (
            {"change": Change("image", "image")},
            "compare: logtriage diff shop-00007-abc shop-00008-bad (roll-back drops 2 revisions)",
        ),
        ({"change": None, "good_revision": None}, "read the evidence: logtriage show 1"),
        ({"good_revision": "unknown"}, "restore PAYMENT_KEY: logtriage show 1"),
    ],
)
def test_the_first_step_fits_the_change(changes: dict[str, object], step: str) -> None:
    blamed = cluster(attribution=attribution(**changes))

    assert first_step(blamed, "1", Lookup(findings())) == step


def test_without_a_revision_the_cause_says_where_to_look() -> None:
    lookup = Lookup(findings())

    assert "no revision to roll back" in first_step(dependency(), "2", lookup)
    assert first_step(replace(dependency(), cause="unknown"), "2", lookup) == "read the evidence: logtriage show 2"


def test_a_command_names_the_region_of_the_revision() -> None:
    plain = _lines(location="europe-west1")
    apart = _lines(service="shop (us-east1)", location="us-east1")

    assert all(" shop --project=acme-test --region=europe-west1 " in line for line in plain[:-1])
    assert all(" shop --project=acme-test --region=us-east1 " in line for line in apart[:-1])


def test_revisions_of_one_name_in_two_regions_are_compared_with_their_region() -> None:
    names = ("shop-00007-abc", "shop-00008-bad")
    known = findings().revisions[0]
    every = tuple(
        replace(known, service=f"shop ({place})", revision=name, location=place)
        for place in ("europe-west1", "us-east1") for name in names
    )  # fmt: skip
    blamed = attribution(service="shop (us-east1)", location="us-east1", change=None)
    lookup = Lookup(replace(findings(), revisions=every))

    told = f"logtriage diff us-east1/{names[0]} us-east1/{names[1]}"
    assert commands_for(cluster(attribution=blamed), lookup)[-1].line == told
    assert first_step(cluster(attribution=blamed), "1", lookup).startswith(f"compare: {told}")


def _served(name: str, day: int, **changes: object) -> Revision:
    return revision(name, END_NS - day * DAY_NS, **changes)


def _steps(good: Revision, bad: Revision, **changes: object) -> tuple[list[str], str]:
    lookup = Lookup(findings(revisions=(good, bad)))
    failed = cluster(attribution=attribution(change=Change("image", "image")), **changes)
    return [command.line for command in commands_for(failed, lookup)], first_step(failed, "1", lookup)


DIFF = "logtriage diff shop-00007-abc shop-00008-bad"
GOOD, BAD = _served("shop-00007-abc", 2), _served("shop-00008-bad", 1)


def test_of_what_is_over_there_is_nothing_to_undo() -> None:
    assert _steps(GOOD, BAD, state="resolved") == ([DIFF], f"nothing to undo, it is over: {DIFF}")
    over = cluster(state="resolved")
    assert [one.line for one in commands_for(over, Lookup(findings()))] == [DIFF]


def test_what_is_over_tells_which_revision_ended_it() -> None:
    at_ns = END_NS - HOUR_NS  # when it failed last
    fix = _served("shop-00009-new", 0, periods=(Served(at_ns, None, 100),))
    back = replace(GOOD, periods=(Served(at_ns + 1, None, 100),), rolled_back_ns=(at_ns + 1,))
    over = cluster(state="resolved", attribution=attribution())

    told = first_step(over, "1", Lookup(findings(revisions=(GOOD, BAD, fix))))
    again = first_step(over, "1", Lookup(findings(revisions=(back, BAD))))

    assert told == f"nothing to undo, it is over since 00009-new took the traffic (23:00): {DIFF}"
    assert again == f"nothing to undo, it is over since 00007-abc took the traffic again (23:00): {DIFF}"


def test_nobody_is_sent_back_to_a_revision_that_was_deleted() -> None:
    assert _steps(replace(GOOD, deleted_ns=END_NS), BAD) == ([DIFF], f"compare: {DIFF}")


def test_nobody_is_sent_back_to_a_twin_of_the_blamed_revision() -> None:
    config: dict[str, Any] = {
        "api": "v1",
        "image": "eu.gcr.io/a/b@sha256:" + "a" * 64,
        "env": {},
        "volumes": {},
        "containers": {},
    }
    config |= dict.fromkeys(
        ("memory_limit", "cpu_limit", "concurrency", "max_instances", "min_instances", "timeout_s", "service_account",
         "vpc", "cloud_sql", "probes", "command", "execution_environment", "encryption_key", "cpu_idle",
         "startup_cpu_boost", "session_affinity")
    )  # fmt: skip

    assert _steps(replace(GOOD, config=config), replace(BAD, config=config)) == ([DIFF], f"compare: {DIFF}")
    assert len(_steps(replace(GOOD, config=config), replace(BAD, config=config | {"command": ["x"]}))[0]) == 2


def test_traffic_that_is_there_already_is_not_sent_there() -> None:
    back = replace(GOOD, periods=(Served(END_NS - DAY_NS, None, 100),))

    assert _steps(back, BAD)[0] == [DIFF]


def test_a_failed_deploy_is_no_revision_that_a_roll_back_drops() -> None:
    failed = _served("shop-00009-nil", 0, ready_ns=None, failed_ns=END_NS, requests=0, traffic_ns=None)
    lookup = Lookup(findings(revisions=(GOOD, BAD, failed)))

    assert lookup.revisions_after("shop", GOOD.revision) == 1
