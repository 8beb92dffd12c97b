"""Commands to copy."""

from dataclasses import replace

import pytest

from classifiers.findings import Change
from logtriage.commands import commands_for, first_step
from logtriage.lookup import Lookup
from tests.support.findings import attribution, cluster, dependency, findings


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
