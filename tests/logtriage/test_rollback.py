"""Sending traffic back, and its price."""

from typing import Any

from classifiers.findings import Change, RevisionCount
from collector.records import Revision
from collector.replacing import replace
from logtriage.lookup import Lookup
from logtriage.rollback import rollback_commands
from tests.support.findings import END_NS, HOUR_NS, attribution, cluster, findings, revision

_KEYS = (
    "memory_limit", "cpu_limit", "concurrency", "max_instances", "min_instances", "timeout_s", "service_account", "vpc",
    "cloud_sql", "probes", "command", "execution_environment", "encryption_key", "cpu_idle", "startup_cpu_boost",
    "session_affinity",
)  # fmt: skip


def _config(digit: str, **env: str) -> dict[str, Any]:
    told = {name: {"source": "secret", "secret": name.lower(), "version": version} for name, version in env.items()}
    image = {"api": "v1", "image": f"eu.gcr.io/a/b@sha256:{digit * 64}", "env": told}
    return image | {"volumes": {}, "containers": {}} | dict.fromkeys(_KEYS)


def _revisions(**good: Any) -> tuple[Revision, ...]:
    first, bad, newest = (_config("a", KEY="1"), _config("b"), _config("c", OTHER="2"))
    return (
        revision("shop-00007-abc", END_NS - 9 * HOUR_NS, config=first, **good),
        revision("shop-00008-bad", END_NS - 4 * HOUR_NS, config=bad),
        revision("shop-00009-new", END_NS - HOUR_NS, config=newest),
    )


def _whys(**good: Any) -> list[str]:
    blamed = attribution(change=Change("env_removed", "KEY", "secret key:1"))
    return [one.why for one in rollback_commands(blamed, "p", Lookup(findings(revisions=_revisions(**good))))]


def test_a_roll_back_says_which_revisions_it_drops_and_what_is_undone_with_them() -> None:
    why = _whys()[0]

    assert why == (
        "Roll traffic back to 00007-abc; this drops 2 revisions (00008-bad to 00009-new); "
        "undone with it: ~ image and + OTHER"
    )


def test_of_a_deleted_revision_the_image_is_deployed_again() -> None:
    lookup = Lookup(findings(revisions=_revisions(deleted_ns=END_NS)))

    (command,) = rollback_commands(attribution(), "p", lookup)

    assert "is deleted" in command.why
    assert command.line.endswith(f" --image=eu.gcr.io/a/b@sha256:{'a' * 64}")


def test_a_roll_back_warns_of_what_another_revision_mended_since() -> None:
    other = cluster(
        id="c-other", title="stock is negative", attribution=attribution(revision="shop-00005-old"),
        per_revision=(RevisionCount("shop", "shop-00007-abc", 5, 118, END_NS - 5 * HOUR_NS, END_NS - 4 * HOUR_NS),),
    )  # fmt: skip
    known = findings(revisions=_revisions())

    lookup = Lookup(replace(known, clusters=(*known.clusters, other)))

    assert (
        "this brings back stock is negative (5/118 failed on it)"
        in rollback_commands(attribution(), "p", lookup)[0].why
    )


def test_without_a_good_revision_there_is_nothing_to_go_back_to() -> None:
    assert rollback_commands(attribution(good_revision=None), "p", Lookup(findings())) == []
