"""The page of `logtriage revisions`: every case of the ledger in a sentence that a person can use."""

import re
from typing import Any, ClassVar

import pytest

from classifiers.changes import Difference
from classifiers.findings import Change
from classifiers.platform_changes import fold_platform_changes
from collector.replacing import replace
from logtriage.errors import ConfigError
from logtriage.ledger_rows import LedgerRows, only, order_ledger
from logtriage.ledger_view import LedgerView, view_ledger
from logtriage.templating import fill
from logtriage.terminal import text_of
from logtriage.terminal_ledger import draw_ledger
from tests.support.cloud_run import PROJECT, as_facts, audit_entry, revision_v1, secret_v1, service_v1
from tests.support.ledger_facts import SERVICE_V2, V2, Facts, Seen, event, facts_of, ledger, moved, ns, request, routed

OLD, NEW, NEXT = "shop-00003-old", "shop-00004-new", "shop-00005-nxt"
HOME = {"shop": "https://github.com/acme/shop"}


def born(name: str, at: str, env: dict[str, Any] | None = None, *, commit: str = "", **more: Any) -> Facts:
    document = revision_v1(name, {} if env is None else env, created=f"2026-05-04T{at}.5Z", **more)
    document["metadata"]["labels"] |= {"commit-sha": commit} if commit else {}
    return event(document)


def change(method: str, resource: str, *, api: str, at: str = "09:30:00", **more: Any) -> Facts:
    entry = audit_entry(method, resource, serviceName=f"{api}.googleapis.com", at=f"2026-05-04T{at}Z", **more)
    entry["resource"] = {"type": "audited_resource", "labels": {"project_id": PROJECT}}
    return facts_of(entry)


def ordered(facts: Facts, *seen: Seen) -> LedgerRows:
    return order_ledger(ledger(facts, *seen), fold_platform_changes(as_facts(facts)), repositories=HOME)


def page(facts: Facts, *seen: Seen, service: str | None = None, width: int = 300) -> str:
    rows = only(ordered(facts, *seen), service=service)
    return text_of(draw_ledger(view_ledger(rows, service=service), width))


def line(text: str, mark: str) -> str:
    return next(row for row in text.splitlines() if mark in row)


class TestRevisions:
    def test_a_revision_tells_state_maker_traffic_change_and_commits(self) -> None:
        facts = [
            *born(OLD, "08:00:00", {"MODE": "a", "OLD_KEY": "x"}, commit="0a1b2c3d4e5f"),
            *routed("08:01:00", (OLD, 100)),
            *born(NEW, "09:00:00", {"MODE": "a"}, commit="9f8e7d6c5b4a"),
            *routed("09:01:00", (OLD, 90), (NEW, 10), tags=[(NEW, "try")]),
            *routed("09:11:00", (NEW, 100), latest=NEW),
        ]

        assert page(facts, width=80) == (
            "2 revisions of 1 service, times UTC\n"
            "\n"
            "shop   garden-staging, europe-north1\n"
            "  2 revisions\n"
            "2026-05-04 08:00:00  00003-old   ready after 39 s\n"
            "     by <email:175c7d70e754> (gcloud)\n"
            "     traffic 08:01:00 -> 09:01:00 100 %, 09:01:00 -> 09:11:00 90 %; pinned by\n"
            "       name\n"
            "     the first revision known of this service: nothing to compare it with\n"
            "       commit 0a1b2c3d4e5f\n"
            "     served beside 00004-new\n"
            "2026-05-04 09:00:00  00004-new   ready after 39 s\n"
            "     by <email:175c7d70e754> (gcloud)\n"
            "     traffic 09:01:00 -> 09:11:00 10 %, 09:11:00 -> on 100 %; tag try\n"
            "     config only: - OLD_KEY   commit 9f8e7d6c5b4a\n"
            "     served beside 00003-old\n"
            "     https://github.com/acme/shop/compare/0a1b2c3d4e5f...9f8e7d6c5b4a\n"
        )

    def test_a_roll_back_stands_in_its_place_in_time(self) -> None:
        facts = [*born(OLD, "08:00:00"), *born(NEW, "09:00:00"), *routed("09:01:00", (NEW, 100))]
        facts += moved("09:30:00", (OLD, 100))

        text = page(facts)

        assert "2 revisions, 1 roll-back" in text
        told = "2026-05-04 09:30:00  ROLL-BACK  traffic goes to 00003-old again, away from 00004-new"
        assert line(text, "ROLL-BACK") == f"{told}   by deployer (gcloud)"

    def test_traffic_ends_where_its_service_was_deleted(self) -> None:
        facts = [*born(OLD, "08:00:00"), *routed("08:01:00", (OLD, 100))]
        facts += change("google.cloud.run.v1.Services.DeleteService", SERVICE_V2, api="run")

        assert "traffic 08:01:00 -> 09:30:00 100 %; pinned by name" in page(facts)

    def test_what_is_not_known_stands_beside_what_changed(self) -> None:
        told = ordered([*born(OLD, "08:00:00"), *born(NEW, "09:00:00")])
        both = Difference(OLD, NEW, (Change("image", "image"), Change("memory_limit", "memory")), "both", ("env",))
        row = replace(told.services[0].deployed[1], difference=both)
        service = replace(told.services[0], deployed=(row,))

        text = text_of(draw_ledger(view_ledger(replace(told, services=(service,))), 300))

        assert "     both: ~ image   ~ memory   not known: env\n" in text

    def test_nothing_is_compared_with_what_is_not_known_to_have_been_there_before(self) -> None:
        day_ns = 86_400 * 10**9
        late, early = ns("09:00:00") + 13 * day_ns, ns("09:00:00")
        text = page([], (OLD, late, late, 5, late), (NEW, early, early, 5, early))

        assert "no revision of this service is known to have been there before it" in text
        assert "time is that of its first sign, its place that of its number" in text

    def test_a_service_first_seen_today_has_nothing_to_be_compared_with(self) -> None:
        assert "the first revision known of this service: nothing to compare it with" in page(born(NEW, "09:00:00"))

    def test_a_deploy_without_traffic_says_so(self) -> None:
        assert "     no traffic known\n" in page(born(NEW, "09:00:00"))

    def test_rows_that_are_older_than_the_creation_are_told_as_clocks_that_differ(self) -> None:
        early, late = ns("08:59:57.5"), ns("09:10:00")

        text = page(born(NEW, "09:00:00"), (NEW, early, late, 5, early))

        assert "its first entry is 3 s older than its creation: clocks differ" in text

    def test_a_revision_whose_creation_is_not_known_stands_before_the_next(self) -> None:
        late = ns("09:30:00")

        rows = page(born(NEW, "09:00:00"), (OLD, late, late, 0, None)).splitlines()

        places = [number for number, row in enumerate(rows) if row.startswith("2026-05-04 ")]
        assert [rows[place].split()[2] for place in places] == ["00003-old", "00004-new"]
        assert "when it was created is not known" in "\n".join(rows)

    def test_a_revision_that_was_deleted_says_when(self) -> None:
        gone = facts_of(
            audit_entry("google.cloud.run.v2.Services.DeleteService", SERVICE_V2, at="2026-05-04T12:00:00Z")
        )

        assert "deleted 2026-05-04 12:00:00" in page([*born(NEW, "09:00:00"), *gone])

    def test_what_is_not_known_of_the_one_before_is_not_called_a_change(self) -> None:
        early = ns("08:00:00")

        text = page(born(NEW, "09:00:00"), (OLD, early, early, 0, None))

        assert "what changed from 00003-old is not known (configuration)" in text

    def test_a_redeploy_of_what_ran_before_says_so(self) -> None:
        facts = [
            *born(OLD, "08:00:00", {"MODE": "a"}), *born(NEW, "09:00:00", {"MODE": "b"}),
            *born(NEXT, "10:00:00", {"MODE": "a"}),
        ]  # fmt: skip

        text = page(facts)

        assert "runs again what 00003-old ran" in text
        assert text.count("runs again") == 1


class TestFailures:
    def test_a_refused_deploy_is_no_revision_and_tells_why(self) -> None:
        refused = request(
            service_v1({}, latest=OLD), at="2026-05-04T09:30:00Z",
            status={"code": 3, "message": "Invalid value for memory."},
        )  # fmt: skip

        text = page([*born(OLD, "08:00:00"), *refused])

        assert "  1 revision, 1 failed deploy\n" in text
        assert (
            line(text, "FAILED")
            == "2026-05-04 09:30:00  FAILED  deploy by deployer (gcloud): code 3, Invalid value for memory."
        )

    def test_an_aborted_deploy_says_what_overtook_it(self) -> None:
        refused = request(service_v1({}, latest=OLD), status={"code": 10, "message": "Conflict."})

        assert "ABORTED  deploy by deployer (gcloud), another change was under way: code 10, Conflict." in page(refused)

    def test_a_revision_that_never_got_ready_is_a_failed_deploy(self) -> None:
        text = page([*born(OLD, "08:00:00"), *born(NEW, "09:00:00", ready="False")])

        assert "  1 revision, 1 failed deploy\n" in text
        told = "2026-05-04 09:00:00  FAILED  00004-new   never got ready: The container failed to start."
        assert line(text, "FAILED").startswith(told)

    def test_the_one_after_a_failed_one_is_compared_with_the_last_that_worked(self) -> None:
        facts = [*born(OLD, "08:00:00", {"A": "1"}), *born(NEW, "09:00:00", {"A": "2"}, ready="False")]
        facts += born(NEXT, "10:00:00", {"A": "1"})

        assert "nothing changed from 00003-old" in page(facts)

    def test_a_doubled_deploy_is_marked(self) -> None:
        facts = request(service_v1({"MODE": "a"}, latest=OLD), insert_id="r1") + born(NEW, "10:00:01", {"MODE": "a"})
        facts += request(service_v1({"MODE": "a"}, latest=OLD), insert_id="r2", at="2026-05-04T10:00:04Z")
        facts += born(NEXT, "10:00:05", {"MODE": "a"})

        text = page(facts)

        assert "1 doubled deploy" in text
        assert line(text, "DOUBLED").startswith("2026-05-04 10:00:05  DOUBLED  00005-nxt")
        assert "the same request as that of 00004-new moments before" in text

    def test_a_doubled_request_that_made_nothing_is_marked_too(self) -> None:
        facts = request(service_v1({"MODE": "a"}, latest=OLD), insert_id="r1") + born(NEW, "10:00:01", {"MODE": "a"})
        facts += request(service_v1({"MODE": "a"}, latest=OLD), insert_id="r2", at="2026-05-04T10:00:04Z")

        told = "deploy by deployer (gcloud)   the same request as at 10:00:00, no revision of its own"
        assert line(page(facts), "DOUBLED") == f"2026-05-04 10:00:04  DOUBLED  {told}"

    def test_a_request_of_which_nobody_is_known_has_no_gap(self) -> None:
        facts = request(service_v1({}, latest=NEW), at="2026-05-04T09:00:00Z", insert_id="r1")
        asked = ordered([{**one, "actor": "", "tool": ""} for one in facts])

        text = text_of(draw_ledger(view_ledger(asked), 300))

        assert "  asked  deploy, which revision it made is not known" in text

    def test_a_deploy_whose_revision_is_not_known_is_told_as_asked_for(self) -> None:
        facts = request(service_v1({"MODE": "a"}, latest=OLD), at="2026-05-04T12:00:00Z")

        assert "asked  deploy by deployer (gcloud), which revision it made is not known" in page(
            [*born(OLD, "08:00:00"), *facts]
        )

    def test_a_request_of_nobody_known_is_told_without_a_gap(self) -> None:
        facts = request(service_v1({"MODE": "a"}, latest=OLD), at="2026-05-04T12:00:00Z")
        nobody = [{**one, "actor": "", "tool": ""} for one in facts]

        assert "asked  deploy, which revision it made is not known" in page([*born(OLD, "08:00:00"), *nobody])


class TestMoves:
    BORN: ClassVar[Facts] = [*born(OLD, "08:00:00"), *routed("08:01:00", (OLD, 100)), *born(NEW, "09:00:00")]

    def test_a_roll_back_says_who_wanted_it_and_is_told_once(self) -> None:
        facts = [*self.BORN, *routed("09:01:00", (NEW, 100)), *moved("09:29:58", (OLD, 100))]

        text = page([*facts, *routed("09:30:00", (OLD, 100))])

        told = "traffic goes to 00003-old again, away from 00004-new   by deployer (gcloud)"
        assert line(text, "ROLL-BACK") == f"2026-05-04 09:29:58  ROLL-BACK  {told}"
        assert "traffic  " not in text

    def test_a_split_and_a_pin_say_who_wanted_them(self) -> None:
        split = moved("09:10:00", (OLD, 90), (NEW, 10))
        unpinned = moved("09:20:00", ("LATEST", 100))

        text = page([*self.BORN, *split, *unpinned])

        told = "90 % to 00003-old and 10 % to 00004-new   by deployer (gcloud)"
        assert line(text, "09:10:00  traffic") == f"2026-05-04 09:10:00  traffic  {told}"
        assert line(text, "09:20:00  traffic").endswith("100 % to the latest revision   by deployer (gcloud)")

    def test_a_change_of_the_service_alone_is_no_deploy(self) -> None:
        facts = facts_of(
            audit_entry(
                V2, SERVICE_V2, at="2026-05-04T12:00:00Z", insert_id="i", command="",
                request={"service": {"name": SERVICE_V2, "ingress": "x"}, "updateMask": "ingress"},
            )
        )  # fmt: skip

        assert line(page([*self.BORN, *facts]), "12:00:00").startswith(
            "2026-05-04 12:00:00  change  ingress of the service"
        )

    def test_a_tag_of_a_revision_of_which_nothing_else_is_known_is_told(self) -> None:
        text = page([*self.BORN, *routed("09:01:00", (NEW, 100), tags=[("shop-00001-abc", "demo")])])

        assert "2 revisions, tag demo on 00001-abc (nothing else known)" in text


class TestChanges:
    SECRET = change(
        "google.cloud.secretmanager.v1.SecretManagerService.AddSecretVersion", f"projects/{PROJECT}/secrets/db",
        api="secretmanager", response={"name": f"projects/{PROJECT}/secrets/db/versions/8"},
    )  # fmt: skip
    RESTART = change("cloudsql.instances.restart", f"projects/{PROJECT}/instances/main", api="cloudsql")
    TOPIC = change("google.pubsub.v1.Publisher.DeleteTopic", f"projects/{PROJECT}/topics/x", api="pubsub")

    def test_a_secret_stands_with_the_service_that_reads_it(self) -> None:
        view = view_ledger(ordered([*born(OLD, "08:00:00", {"DB": secret_v1("db")}), *self.SECRET]))

        assert view.services[0].rows[-1].text == "new version 8 of secret db   by deployer (gcloud)"
        assert view.changes == ()

    def test_a_secret_of_a_container_beside_the_main_one_is_read_too(self) -> None:
        folded = ledger(born(OLD, "08:00:00"))
        env = {"K": {"source": "secret", "secret": "db", "version": "7"}}
        with_sidecar = {**(folded.revisions[0].config or {}), "containers": {"proxy": {"env": env}}}
        folded = replace(folded, revisions=(replace(folded.revisions[0], config=with_sidecar),))

        told = order_ledger(folded, fold_platform_changes(as_facts(self.SECRET)), repositories={})

        assert [one.secret for one in told.services[0].changes] == ["db"]

    def test_what_concerns_no_service_alone_stands_at_the_end(self) -> None:
        view = view_ledger(ordered([*born(OLD, "08:00:00"), *self.SECRET, *self.RESTART]))

        assert [row.text.split("   ")[0] for row in view.changes] == [
            "restart of database main",
            "new version 8 of secret db",
        ]

    def test_with_one_service_it_stands_in_its_place_in_time(self) -> None:
        text = page([*born(OLD, "08:00:00"), *born(NEW, "10:00:00"), *self.RESTART], service="shop")

        marks = [row[21:32].strip() for row in text.splitlines() if row.startswith("2026")]
        assert marks == ["00003-old", "change  res", "00004-new"]

    def test_other_calls_are_counted_and_not_listed(self) -> None:
        view = view_ledger(ordered([*born(OLD, "08:00:00"), *self.TOPIC]))

        assert view.changes == ()
        assert view.notes == ("1 other audited call not listed: --format json has them",)


class TestPage:
    def test_an_empty_store_is_one_plain_sentence(self) -> None:
        told = (
            "No revision is known: import audit entries, requests or `gcloud run ... describe` files, or collect them."
        )

        assert page([]) == f"{told}\n"

    def test_since_leaves_what_still_serves(self) -> None:
        facts = [
            *born(OLD, "08:00:00"), *routed("08:01:00", (OLD, 100)), *born(NEW, "09:00:00"),
            *routed("09:01:00", (NEW, 100)), *born(NEXT, "10:00:00"),
        ]  # fmt: skip

        (service,) = only(ordered(facts), since_ns=ns("09:30:00")).services

        assert [row.revision.revision for row in service.deployed] == [NEW, NEXT]

    def test_an_unknown_service_is_an_error_that_names_near_ones(self) -> None:
        told = "There is no service `shpo` in this store. Near: shop. See `logtriage revisions`."

        with pytest.raises(ConfigError, match=re.escape(told)):
            only(ordered(born(OLD, "08:00:00")), service="shpo")
        assert only(ordered([]), service="shop").services == ()

    def test_markdown_says_the_same_without_anything_of_its_own(self) -> None:
        failed = born(NEW, "09:00:00", ready="False")

        text = _markdown(view_ledger(ordered([*born(OLD, "08:00:00"), *failed])))

        assert "## shop, garden-staging, europe-north1\n" in text
        assert "- 2026-05-04 09:00:00 **FAILED** 00004-new, never got ready: The container failed to start." in text

    def test_no_text_of_outside_moves_the_cursor(self) -> None:
        refused = request(service_v1({}, latest=OLD), status={"code": 3, "message": "bad \x1b[2J\x07 value"})

        assert "\x1b" not in page(refused)


def _markdown(view: LedgerView) -> str:
    return fill("revisions.md.j2", view)
