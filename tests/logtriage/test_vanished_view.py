"""Keys that a deploy dropped, in words."""

from typing import Any

from classifiers.findings import VanishedKey
from collector.replacing import replace
from logtriage.digest import build_digest
from logtriage.lookup import Lookup
from logtriage.vanished_view import restore_line, vanished_rows
from tests.support.findings import ONSET_NS, cluster, findings, quiet_findings

KEY = VanishedKey("shop", "shop-00008-bad", "shop-00007-abc", "PAY_KEY", 40, ONSET_NS, errors_since=False)


def note(**changes: Any) -> str:
    ((_, told),) = vanished_rows([replace(KEY, **changes)], Lookup(quiet_findings()))
    return told


def test_a_warning_says_how_many_had_it_and_that_there_is_no_error_yet() -> None:
    assert note() == "present in the 40 revisions before; no error yet"
    assert note(present_in=1) == "present in the revision before; no error yet"


def test_errors_since_are_told_by_their_incidents() -> None:
    tied = replace(KEY, errors_since=True, cluster_ids=("c-pay", "c-slow"))

    ((_, told),) = vanished_rows([tied], Lookup(findings()))

    assert told == "present in the 40 revisions before; errors since: #1"


def test_errors_that_nothing_ties_to_the_key_are_not_laid_on_it() -> None:
    ((_, told),) = vanished_rows([KEY], Lookup(findings(clusters=(cluster(attribution=None),))))

    assert told.endswith("no error tied to it yet")


def test_a_revision_without_traffic_cannot_show_an_error() -> None:
    assert note(took_traffic=False).endswith("; no traffic yet, so no error can show")


def test_a_new_name_a_return_and_who_keeps_it_are_told() -> None:
    assert note(renamed_to="PAYMENT_KEY") == (
        "present in the 40 revisions before; renamed to PAYMENT_KEY?; no error yet"
    )
    assert "; back with 00009-new; " in note(restored_in="shop-00009-new")
    assert "; still in desk and till; " in note(kept_by=("desk", "till"))


def test_what_is_not_known_in_between_is_told() -> None:
    assert note(unknown_between=2).startswith(
        "present in the 40 revisions before, of 2 revisions in between it is not known;"
    )


def test_keys_of_one_deploy_that_share_a_note_are_one_line() -> None:
    keys = [
        KEY,
        replace(KEY, key="OTHER"),
        replace(KEY, key="cert", kind="mounted secret"),
        replace(KEY, key="X", present_in=3),
    ]

    rows = vanished_rows(keys, Lookup(quiet_findings()))

    assert [title for title, _ in rows] == [
        "shop 00008-bad 20:00 drops PAY_KEY, OTHER and the mounted secret cert", "shop 00008-bad 20:00 drops X",
    ]  # fmt: skip


def test_the_command_restores_secrets_by_version_and_leaves_values_to_a_person() -> None:
    keys = [replace(KEY, was="secret pay-key:7", project="acme-test"), replace(KEY, key="MODE", was="literal #a1b2c3")]

    assert restore_line(keys) == (
        "gcloud run services update shop --project=acme-test --region=REGION "
        "--update-env-vars=MODE=VALUE --update-secrets=PAY_KEY=pay-key:7"
    )
    assert restore_line([replace(KEY, kind="mounted secret")]) == ""


def test_the_command_names_the_region_where_it_is_known() -> None:
    line = restore_line([replace(KEY, was="secret pay-key:7", project="acme-test", location="us-east1")])

    assert line.startswith("gcloud run services update shop --project=acme-test --region=us-east1 ")


class TestDigest:
    def messages(self, *keys: VanishedKey) -> list[str]:
        digest = build_digest(quiet_findings(vanished_keys=keys))
        return [message.headline for message in digest.messages]

    def test_one_message_a_deploy(self) -> None:
        assert self.messages(KEY, replace(KEY, key="OTHER")) == [
            "shop 00008-bad drops PAY_KEY and OTHER (present in the 40 revisions before). No error yet."
        ]

    def test_that_it_is_back_is_for_those_who_were_warned(self) -> None:
        back = quiet_findings(vanished_keys=(replace(KEY, restored_in="shop-00009-new"),))
        (message,) = build_digest(back).messages
        (before,) = build_digest(quiet_findings(vanished_keys=(KEY,))).messages

        assert (message.act, message.headline) == ("change", "shop PAY_KEY is back with 00009-new")
        assert (message.key, message.facts) == (before.key, "back")

    def test_what_has_errors_is_no_warning_any_more(self) -> None:
        assert self.messages(replace(KEY, errors_since=True), replace(KEY, key="OTHER")) == [
            "shop 00008-bad drops OTHER (present in the 40 revisions before). No error yet."
        ]

    def test_a_message_keeps_its_key_whatever_becomes_of_the_other_keys(self) -> None:
        first = build_digest(quiet_findings(vanished_keys=(KEY, replace(KEY, key="B"))))
        later = (replace(KEY, errors_since=True), replace(KEY, key="B"))
        second = build_digest(quiet_findings(vanished_keys=later))

        assert [one.key for one in first.messages] == [one.key for one in second.messages]

    def test_it_says_what_the_key_was_and_how_to_restore_it(self) -> None:
        (message,) = build_digest(quiet_findings(vanished_keys=(replace(KEY, was="secret pay-key:7"),))).messages

        assert [(line.label, line.text) for line in message.lines] == [
            ("SINCE", "20:00 UTC, compared with 00007-abc"), ("WAS", "PAY_KEY: was secret pay-key:7"),
        ]  # fmt: skip
        assert message.command.endswith("--update-secrets=PAY_KEY=pay-key:7")
