"""Keys that a deploy dropped, and what became of them."""

from pathlib import Path
from typing import Any

import pytest

from classifiers.findings import VanishedKey
from classifiers.routing import Routing, Target
from classifiers.vanished import renamed_keys, vanished_keys, with_errors
from collector.normalise.redact import Redactor
from collector.normalise.specs import canonical_config
from collector.records import Revision
from collector.replacing import replace
from collector.window import Window
from logtriage.digest import build_digest
from logtriage.report import build_report
from logtriage.report_config import ReportConfig
from tests.support.cloud_run import container_v1, pod_v1, revision_v1, secret_v1
from tests.support.findings import attribution, cluster
from tests.support.system import HOUR, System

REDACTOR = Redactor(b"0123456789abcdef")
WINDOW = Window(0, 100 * 10**9)


def revision(number: int, document: dict[str, Any] | None, service: str = "shop", **changes: Any) -> Revision:
    """A revision with the configuration of a document, created `number` seconds after the epoch."""
    config = canonical_config(document, redactor=REDACTOR, complete=True) if document is not None else None
    return replace(
        Revision(
            project="p", service=service, revision=f"{service}-{number:05d}-aaa", created_ns=number * 10**9,
            ready_ns=None, failed_ns=None, first_seen_ns=None, last_seen_ns=None, traffic_ns=None, requests=1,
            config=config,
        ),
        **changes,
    )  # fmt: skip


def of_env(number: int, env: dict[str, Any] | None, service: str = "shop", **changes: Any) -> Revision:
    return revision(number, revision_v1(f"shop-{number:05d}-aaa", env), service, **changes)


def mounting(number: int, volume: str, secret: str, env: dict[str, Any] | None = None) -> Revision:
    """A revision that mounts a secret."""
    volumes = [{"name": volume, "secret": {"secretName": secret, "items": [{"path": "key.pem", "key": "3"}]}}]
    return revision(number, {"spec": pod_v1(container_v1(env or {}), volumes=volumes)})


def routed(at_s: int, name: str) -> Routing:
    return Routing("p", "shop", at_s * 10**9, at_s * 10**9, (Target(name, 100, "", is_latest=False),), "r1")


def only(*revisions: Revision, routings: tuple[Routing, ...] = ()) -> VanishedKey:
    (found,) = vanished_keys(revisions, routings)
    return found


class TestVanishedKeys:
    def test_a_dropped_key_tells_who_dropped_it_and_how_many_had_it(self) -> None:
        revisions = [of_env(1, {"A": "1", "B": "1"}), of_env(2, {"A": "1", "B": "2"}), of_env(3, {"A": "1"})]

        vanished = only(*revisions)

        assert (vanished.key, vanished.revision, vanished.previous_revision) == (
            "B", "shop-00003-aaa", "shop-00002-aaa"
        )  # fmt: skip
        assert (vanished.present_in, vanished.at_ns, vanished.errors_since) == (2, 3 * 10**9, False)

    def test_a_revision_of_unknown_configuration_drops_nothing(self) -> None:
        revisions = [of_env(1, {"A": "1"}), revision(2, None), of_env(3, {"A": "1"})]

        assert vanished_keys(revisions) == ()

    def test_a_key_lost_over_an_unknown_revision_is_told_at_the_first_that_is_known(self) -> None:
        vanished = only(of_env(1, {"A": "1"}), revision(2, None), of_env(3, {}))

        assert (vanished.revision, vanished.previous_revision) == ("shop-00003-aaa", "shop-00001-aaa")
        assert vanished.unknown_between == 1

    def test_a_revision_that_never_worked_drops_nothing(self) -> None:
        failed = replace(of_env(2, {}), failed_ns=5, requests=0)

        assert vanished_keys([of_env(1, {"A": "1"}), failed]) == ()

    def test_services_do_not_mix(self) -> None:
        other = replace(of_env(2, {}), service="till")

        assert vanished_keys([of_env(1, {"A": "1"}), other]) == ()

    def test_only_the_revisions_just_before_are_counted(self) -> None:
        first = [of_env(1, {"A": "1"}), of_env(2, {}), of_env(3, {"A": "1"}), of_env(4, {"A": "1"}), of_env(5, {})]

        assert [one.present_in for one in vanished_keys(first)] == [1, 2]

    def test_a_secret_is_told_by_name_and_version(self) -> None:
        vanished = only(of_env(1, {"KEY": secret_v1("pay-key", "7")}), of_env(2, {}))

        assert (vanished.was, vanished.kind) == ("secret pay-key:7", "variable")

    def test_a_mounted_secret_vanishes_by_the_name_of_the_secret(self) -> None:
        vanished = only(mounting(1, "v-abc", "pay-cert"), mounting(2, "v-def", "pay-cert"), of_env(3, {}))

        assert (vanished.key, vanished.kind, vanished.was) == ("pay-cert", "mounted secret", "secret pay-cert:3")
        assert vanished.present_in == 2

    def test_a_list_of_volumes_that_is_not_told_drops_nothing(self) -> None:
        after = of_env(2, {})
        bare = replace(after, config={key: told for key, told in (after.config or {}).items() if key != "volumes"})

        assert vanished_keys([mounting(1, "v", "pay-cert"), bare]) == ()

    def test_a_sidecar_that_is_gone_takes_its_variables_with_it_and_one_that_stays_does_not(self) -> None:
        def beside(number: int, env: dict[str, Any]) -> Revision:
            return revision(number, {"spec": pod_v1(container_v1({}), container_v1(env, name="proxy", ports=[]))})

        assert vanished_keys([beside(1, {"A": "1"}), of_env(2, {})]) == ()
        assert only(beside(1, {"A": "1"}), beside(2, {"B": "1"})).key == "proxy/A"

    def test_a_revision_without_traffic_drops_it_for_nobody_yet(self) -> None:
        vanished = only(of_env(1, {"A": "1"}), of_env(2, {}, requests=0))

        assert not vanished.took_traffic

    def test_other_services_that_still_have_it_are_named(self) -> None:
        others = [of_env(1, {"A": "9"}, "till"), of_env(1, {"A": "1"}, "desk"), of_env(2, {}, "desk")]

        vanished = vanished_keys([of_env(1, {"A": "1"}), of_env(2, {}), *others])

        assert [(one.service, one.kept_by) for one in vanished] == [("desk", ("till",)), ("shop", ("till",))]


class TestRenamed:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ({"OLD": secret_v1("db", "3")}, {"NEW": secret_v1("db", "4")}),
            ({"OLD": "postgres://db"}, {"NEW": "postgres://db"}),
        ],
    )
    def test_a_new_key_with_the_same_secret_or_the_same_hash_may_be_its_new_name(self, before: Any, after: Any) -> None:
        assert only(of_env(1, before), of_env(2, after)).renamed_to == "NEW"

    def test_a_value_that_two_keys_had_says_nothing(self) -> None:
        assert only(of_env(1, {"OLD": "true", "B": "true"}), of_env(2, {"B": "true", "NEW": "true"})).renamed_to is None

    def test_two_new_keys_or_another_value_are_no_new_name(self) -> None:
        assert only(of_env(1, {"OLD": "a"}), of_env(2, {"NEW": "a", "OTHER": "a"})).renamed_to is None
        assert only(of_env(1, {"OLD": "a"}), of_env(2, {"NEW": "b"})).renamed_to is None

    def test_a_variable_may_become_a_mount_of_its_secret(self) -> None:
        vanished = only(of_env(1, {"KEY": secret_v1("pay-cert", "3")}), mounting(2, "v", "pay-cert"))

        assert vanished.renamed_to == "a mount of secret pay-cert"


def test_two_revisions_tell_what_may_have_a_new_name() -> None:
    before, after = of_env(1, {"OLD": secret_v1("db"), "GONE": "x"}), of_env(2, {"NEW": secret_v1("db")})

    assert renamed_keys(before, after) == {"OLD": "NEW"}
    assert renamed_keys(before, revision(2, None)) == {}


class TestRestored:
    def test_a_key_that_came_back_names_the_revision_that_brought_it(self) -> None:
        vanished = only(of_env(1, {"A": "1"}), of_env(2, {}), of_env(3, {}), of_env(4, {"A": "2"}))

        assert (vanished.revision, vanished.restored_in) == ("shop-00002-aaa", "shop-00004-aaa")

    def test_traffic_that_goes_back_to_a_revision_with_the_key_restores_it(self) -> None:
        revisions = (of_env(1, {"A": "1"}), of_env(2, {}))

        assert only(*revisions, routings=(routed(2, "shop-00002-aaa"),)).restored_in is None
        back = (routed(2, "shop-00002-aaa"), routed(9, "shop-00001-aaa"))
        assert only(*revisions, routings=back).restored_in == "shop-00001-aaa"

    def test_traffic_that_never_left_is_no_roll_back(self) -> None:
        revisions = (of_env(1, {"A": "1"}), of_env(2, {}, requests=0))

        assert only(*revisions, routings=(routed(3, "shop-00001-aaa"),)).restored_in is None


class TestErrorsSince:
    KEY = replace(only(of_env(1, {"PAY_KEY": "1"}), of_env(2, {})), project="")

    def told(self, **changes: Any) -> VanishedKey:
        (found,) = with_errors([self.KEY], [cluster(**changes)], WINDOW)
        return found

    def test_what_is_blamed_on_the_deploy_is_tied_to_it(self) -> None:
        blamed = attribution(service="shop", revision="shop-00002-aaa")

        assert self.told(attribution=blamed).cluster_ids == ("c-pay",)
        assert not self.told(attribution=replace(blamed, confidence=0.4)).errors_since

    def test_what_began_since_and_names_the_key_is_tied_to_it(self) -> None:
        assert self.told(attribution=None, sample="KeyError: 'PAY_KEY'").errors_since
        assert not self.told(attribution=None, sample="KeyError: 'PAY_KEY_ID'").errors_since
        assert not self.told(attribution=None, sample="KeyError: 'PAY_KEY'", service="till").errors_since

    def test_what_had_begun_before_is_not(self) -> None:
        early = replace(cluster().onset, at_ns=1, earliest_ns=1, latest_ns=1)

        assert not self.told(attribution=None, sample="KeyError: 'PAY_KEY'", onset=early).errors_since

    def test_a_key_that_vanished_outside_the_window_is_not_told(self) -> None:
        assert with_errors([self.KEY], [], Window(0, 2 * 10**9)) == ()


def test_the_warning_is_in_report_and_digest_before_any_error(tmp_path: Path) -> None:
    system = System()
    for number in (1, 2):
        system.deploy(number * 60, "shop", f"shop-0000{number}-aaa", image="a", env={"PAY_KEY": "one", "MODE": "x"})
    system.traffic("shop", "shop-00002-aaa", 180, HOUR)
    system.deploy(HOUR, "shop", "shop-00003-aaa", image="a", env={"MODE": "x"})
    system.traffic("shop", "shop-00003-aaa", HOUR, 2 * HOUR)

    found = system.findings(tmp_path, 2 * HOUR)

    (row,) = build_report(found, ReportConfig()).warnings
    assert row.title == "shop 00003-aaa 11:00 drops PAY_KEY"
    assert row.note == "present in the 2 revisions before; no error yet"
    assert [f"{one.sign} {one.headline}" for one in build_digest(found).messages] == [
        "🟡 shop 00003-aaa drops PAY_KEY (present in the 2 revisions before). No error yet."
    ]
    later = system.findings(tmp_path, 2 * HOUR, HOUR + 60)
    assert later.vanished_keys == ()  # it vanished before that window
