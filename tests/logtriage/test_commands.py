"""Commands to copy."""

import subprocess
from typing import Any

import pytest

from classifiers.findings import Change
from classifiers.followed import Criterion, Verification
from collector.records import Revision, Served
from collector.replacing import replace
from logtriage.commands import Command, commands_for, first_step
from logtriage.lookup import Lookup
from tests.support.findings import DAY_NS, END_NS, HOUR_NS, attribution, cluster, dependency, findings, revision


def _lines(**changes: object) -> list[str]:
    blamed = attribution(**changes)
    return [command.line for command in commands_for(cluster(attribution=blamed), Lookup(findings()))]


def _told(step: Command) -> str:
    return f"{step.why}: {step.line}"


def test_a_dropped_secret_is_restored_proven_or_rolled_back() -> None:
    target = "shop --project=acme-test --region=REGION"
    update, traffic = (f"gcloud run services {verb} {target}" for verb in ("update", "update-traffic"))
    setting = "--update-secrets=PAYMENT_KEY=payment-key:7"

    lines = _lines()

    assert lines[2].startswith("curl ")
    assert lines[:2] + lines[3:] == [
        f"{update} {setting}",
        f"{update} --no-traffic --tag=prove {setting}",
        f"{traffic} --remove-tags=prove",
        f"{traffic} --to-revisions=shop-00007-abc=100",
        f"{traffic} --to-latest",
        "logtriage diff shop-00007-abc shop-00008-bad",
    ]


@pytest.mark.parametrize("name", ["x; rm -rf ~", "$(id)", "`id`", "a'b", 'a"b', "a\nb", "--flag", "é ü", "a|b>c"])
def test_hostile_names_stay_single_words_of_a_shell(name: str) -> None:
    blamed = attribution(
        service=name, revision=f"{name}-2", good_revision=f"{name}-1", location=name,
        change=Change("secret_ref_changed", name, before="secret key:3"),
    )  # fmt: skip
    found = (
        cluster(attribution=blamed, project=name, service=name),
        cluster(attribution=None, cause="client", project=name, service=name, title=name, sample=name * 9),
        cluster(attribution=None, cause="dependency", project=name, service=name, title="redis", location=name),
    )
    commands = [one for each in found for one in commands_for(each, Lookup(findings()))]

    assert len(commands) > 8
    for command in commands:
        assert "\n" not in command.line
        subprocess.run(["/bin/bash", "-n", "-c", command.line], check=True)
        assert _ran(command.line) == "", command.line


def _ran(line: str) -> str:
    """What runs of a line beside the programs that it is there to call, all of them stubs."""
    stubs = "".join(f"{name}() {{ :; }}; " for name in ("gcloud", "curl", "logtriage", "sed", "openssl", "git"))
    told = subprocess.run(["/bin/bash", "-c", stubs + line], check=False, capture_output=True, text=True)
    return told.stdout.strip() + told.stderr


def test_no_command_holds_a_value_of_a_key() -> None:
    literal = _lines(change=Change("env_changed", "MODE", before="literal #a1b2c3", after="literal #ffffff"))

    assert not any("a1b2c3" in line or "ffffff" in line for line in literal)
    assert "--update-env-vars=MODE=VALUE" in literal[0]


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

    assert [line.split()[0] for line in lines] == ["gcloud", "gcloud", "logtriage"]


def test_nothing_is_done_to_a_revision_that_is_not_blamed() -> None:
    assert [line.split()[:3] for line in _lines(confidence=0.49)] == [["gcloud", "logging", "read"]] * 2
    assert all("gcloud run" not in one.line for one in commands_for(dependency(), Lookup(findings())))


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({}, "restore PAYMENT_KEY (roll-back drops 2 revisions): logtriage show 1"),
        ({"change": Change("env_changed", "MODE")}, "set back MODE (roll-back drops 2 revisions): logtriage show 1"),
        (
            {"change": Change("image", "image")},
            "compare (roll-back drops 2 revisions): logtriage diff 00007-abc 00008-bad",
        ),
        ({"change": None, "good_revision": None}, "read the evidence: logtriage show 1"),
        ({"good_revision": "unknown"}, "restore PAYMENT_KEY: logtriage show 1"),
    ],
)
def test_the_first_step_fits_the_change(changes: dict[str, object], step: str) -> None:
    blamed = cluster(attribution=attribution(**changes))

    assert _told(first_step(blamed, "1", Lookup(findings()))) == step


def test_without_a_revision_the_cause_says_where_to_look() -> None:
    lookup = Lookup(findings())

    assert "no revision to roll back" in first_step(dependency(), "2", lookup).why
    assert (
        _told(first_step(replace(dependency(), cause="unknown"), "2", lookup)) == "read the evidence: logtriage show 2"
    )


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
    assert _told(first_step(cluster(attribution=blamed), "1", lookup)).startswith(f"compare: {told}")


def _served(name: str, day: int, **changes: object) -> Revision:
    return revision(name, END_NS - day * DAY_NS, **changes)


def _steps(good: Revision, bad: Revision, **changes: object) -> tuple[list[str], str]:
    lookup = Lookup(findings(revisions=(good, bad)))
    failed = cluster(attribution=attribution(change=Change("image", "image")), **changes)
    return [command.line for command in commands_for(failed, lookup)], _told(first_step(failed, "1", lookup))


DIFF = "logtriage diff shop-00007-abc shop-00008-bad"
SHORT = "logtriage diff 00007-abc 00008-bad"
GOOD, BAD = _served("shop-00007-abc", 2), _served("shop-00008-bad", 1)


def test_of_what_is_over_there_is_nothing_to_undo() -> None:
    assert _steps(GOOD, BAD, state="resolved") == ([DIFF], f"nothing to undo, it is over: {SHORT}")
    over = cluster(state="resolved")
    assert [one.line for one in commands_for(over, Lookup(findings()))] == [DIFF]


def test_nothing_is_undone_while_a_fix_waits_for_the_failing_call() -> None:
    found = cluster(attribution=attribution())
    criterion = Criterion("v1", "no failures", "", "", "", "acme-test", "shop", finding_id=found.id)
    waits = Verification(
        criterion, "NOT YET", END_NS - HOUR_NS, "00009-new took the traffic", 2, 0, 30, "", fixed_by="shop-00009-new"
    )
    known = findings()

    def lines(*some: Verification) -> tuple[str, list[str]]:
        lookup = Lookup(replace(known, verifications=some))
        return _told(first_step(found, "1", lookup)), [one.line for one in commands_for(found, lookup)]

    step, steps = lines(waits)
    assert step == (
        "make the failing call 28 more times, or wait: it may be mended, 00009-new took the traffic: "
        f"logtriage verify {found.id}"
    )
    assert not any(line.startswith("gcloud run services update") for line in steps)
    fails = replace(waits, verdict="FAILING", failures=1)
    assert lines(fails) == lines()


def test_what_is_over_tells_which_revision_ended_it() -> None:
    at_ns = END_NS - HOUR_NS  # when it failed last
    fix = _served("shop-00009-new", 0, periods=(Served(at_ns, None, 100),))
    back = replace(GOOD, periods=(Served(at_ns + 1, None, 100),), rolled_back_ns=(at_ns + 1,))
    over = cluster(state="resolved", attribution=attribution())

    told = _told(first_step(over, "1", Lookup(findings(revisions=(GOOD, BAD, fix)))))
    again = _told(first_step(over, "1", Lookup(findings(revisions=(back, BAD)))))

    assert told == f"nothing to undo, it is over since 00009-new took the traffic (23:00): {SHORT}"
    assert again == f"nothing to undo, it is over since 00007-abc took the traffic again (23:00): {SHORT}"


def test_nobody_is_sent_back_to_a_revision_that_was_deleted() -> None:
    assert _steps(replace(GOOD, deleted_ns=END_NS), BAD) == ([DIFF], f"compare: {SHORT}")


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

    assert _steps(replace(GOOD, config=config), replace(BAD, config=config)) == ([DIFF], f"compare: {SHORT}")
    assert len(_steps(replace(GOOD, config=config), replace(BAD, config=config | {"command": ["x"]}))[0]) == 3


def test_traffic_that_is_there_already_is_not_sent_there() -> None:
    back = replace(GOOD, periods=(Served(END_NS - DAY_NS, None, 100),))

    assert _steps(back, BAD)[0] == [DIFF]


def test_traffic_that_was_moved_is_sent_back_first_of_all() -> None:
    moved = cluster(attribution=attribution(change=Change("traffic", "traffic"), also_changed=()))
    lookup = Lookup(findings(revisions=(GOOD, BAD)))

    assert first_step(moved, "1", lookup).why == "send traffic back to 00007-abc (roll-back drops 1 revision)"
    assert "--to-revisions=shop-00007-abc=100" in commands_for(moved, lookup)[0].line


def test_a_failed_deploy_is_no_revision_that_a_roll_back_drops() -> None:
    failed = _served("shop-00009-nil", 0, ready_ns=None, failed_ns=END_NS, requests=0, traffic_ns=None)
    lookup = Lookup(findings(revisions=(GOOD, BAD, failed)))

    assert lookup.revisions_after("shop", GOOD.revision) == 1
