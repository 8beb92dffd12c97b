"""A person's rules: they merge and split clusters of one service, in their order, and say what they did."""

import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.clusters import CLUSTER_SCHEMA, cluster_id
from classifiers.naming import Key, Names
from classifiers.regroup import Regrouped, regroup, warnings
from classifiers.rules import Rule
from classifiers.signatures import SIGNATURE_SCHEMA
from classifiers.templates import template_id

SHOP = ("acme", "shop")
BANK = ("acme", "bank")
A, B, C, D = (letter * 16 for letter in "abcd")
TEMPLATE = "user <*> has no rights"


def members(*clusters: tuple[tuple[str, str], tuple[str, ...]]) -> pl.DataFrame:
    """Clusters of a service, each led by the first signature; the others are in by `names_it`."""
    rows: list[tuple[object, ...]] = []
    for service, (lead, *others) in clusters:
        name = cluster_id(*service, lead)
        rows.append((name, *service, lead, True, "lead", None))
        rows += [(name, *service, one, False, "names_it", 0.9) for one in others]
    return pl.DataFrame(rows, schema=CLUSTER_SCHEMA, orient="row")


def replayed(found: pl.DataFrame, *rules: dict[str, Any]) -> Regrouped:
    ids = sorted(found["signature_id"].unique())
    signatures = pl.DataFrame([(one, 1, "message", one, "{}") for one in ids], schema=SIGNATURE_SCHEMA, orient="row")
    return regroup(found, signatures, [Rule(**rule) for rule in rules], names_of(found))


def names_of(found: pl.DataFrame) -> Names:
    keys: list[Key] = list(found.select("project", "service", "signature_id").iter_rows())
    return Names(
        keys, aliases={"0" * 16: (C,)}, templates=lambda: {template_id(TEMPLATE): frozenset({A, C})}
    )  # fmt: skip


def grouped(done: Regrouped, service: tuple[str, str] = SHOP) -> set[frozenset[str]]:
    rows = done.members.filter(pl.col("project") == service[0], pl.col("service") == service[1])
    return {
        frozenset(ids) for (ids,) in rows.group_by("cluster_id").agg("signature_id").select("signature_id").iter_rows()
    }


def sets(*groups: str) -> set[frozenset[str]]:
    return {frozenset(letter * 16 for letter in group) for group in groups}


TWO = members((SHOP, (A, B)), (SHOP, (C,)), (SHOP, (D,)))


def test_without_rules_nothing_changes() -> None:
    assert replayed(TWO).members.equals(TWO.sort("project", "service", "cluster_id", "signature_id"))


@pytest.mark.parametrize("name", [C, cluster_id(*SHOP, C), "0" * 16, cluster_id(*SHOP, "0" * 16)])
def test_a_merge_takes_signatures_clusters_and_ids_of_older_rules(name: str) -> None:
    done = replayed(TWO, {"merge": [A, name]})

    assert grouped(done) == sets("abc", "d")
    assert dict(done.members.select("signature_id", "rule").iter_rows()) == {
        A: "lead",
        B: "names_it",
        C: "merged",
        D: "lead",
    }


@pytest.mark.parametrize("name", [TEMPLATE, template_id(TEMPLATE)])
def test_a_merge_of_a_template_joins_all_its_signatures(name: str) -> None:
    assert grouped(replayed(TWO, {"merge": [name]})) == sets("abc", "d")


def test_a_merged_cluster_bears_the_id_of_its_new_lead() -> None:
    done = replayed(TWO, {"merge": [C, B]})

    assert set(done.members.filter(pl.col("signature_id") != D)["cluster_id"]) == {cluster_id(*SHOP, A)}
    assert done.members.filter("is_lead")["signature_id"].to_list() in ([A, D], [D, A])


def test_a_split_signature_is_alone_and_the_rest_stay_together() -> None:
    done = replayed(members((SHOP, (A, B, C))), {"split": A})

    assert grouped(done) == sets("a", "bc")
    assert dict(done.members.select("signature_id", "rule").iter_rows()) == {A: "lead", B: "lead", C: "names_it"}


def test_a_split_cluster_falls_into_its_signatures() -> None:
    assert grouped(replayed(members((SHOP, (A, B, C))), {"split": cluster_id(*SHOP, A)})) == sets("a", "b", "c")


def test_a_rule_with_a_service_leaves_the_others_alone() -> None:
    both = members((SHOP, (A, B)), (BANK, (A, B)))

    done = replayed(both, {"split": B, "service": "bank"})

    assert (grouped(done), grouped(done, BANK)) == (sets("ab"), sets("a", "b"))


def test_nothing_is_merged_over_services() -> None:
    apart = members((SHOP, (A,)), (BANK, (B,)))

    done = replayed(apart, {"merge": [A, B]})

    assert done.members.sort("signature_id")["cluster_id"].to_list() == apart["cluster_id"].to_list()
    assert "a cluster is of one service" in warnings(done.outcomes, names_of(apart))[0]


def test_a_split_and_a_merge_move_a_signature() -> None:
    done = replayed(TWO, {"split": B}, {"merge": [B, C]})

    assert grouped(done) == sets("a", "bc", "d")
    assert warnings(done.outcomes, names_of(TWO)) == []


@pytest.mark.parametrize(
    ("rules", "left"),
    [(({"merge": [A, C]}, {"split": C}), ("ab", "c", "d")), (({"split": B}, {"merge": [A, B]}), ("ab", "c", "d"))],
)
def test_the_later_of_two_rules_that_contradict_holds_and_says_so(rules: Any, left: tuple[str, ...]) -> None:
    done = replayed(TWO, *rules)

    assert grouped(done) == sets(*left)
    assert "clusters.rules[1]" in warnings(done.outcomes, names_of(TWO))[0]
    assert "takes back clusters.rules[0]" in warnings(done.outcomes, names_of(TWO))[0]


def test_a_circle_of_merges_is_one_cluster_and_its_last_rule_changes_nothing() -> None:
    done = replayed(TWO, {"merge": [A, C]}, {"merge": [C, D]}, {"merge": [D, A]})

    assert grouped(done) == sets("abcd")
    assert [one.is_change for one in done.outcomes] == [True, True, False]


def test_a_name_that_was_never_stored_is_told_and_one_of_another_window_is_not() -> None:
    here = members((SHOP, (A, B)))

    done = replayed(here, {"merge": [A, C]}, {"split": "f" * 16})

    assert grouped(done) == sets("ab")
    assert [one.missing for one in done.outcomes] == [(C,), ("f" * 16,)]
    (told,) = warnings(done.outcomes, names_of(TWO))
    assert told.startswith(f"clusters.rules[1] (split {'f' * 16}): {'f' * 16} stands for nothing in this store")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.permutations([A, B, C, D]), st.integers(1, 4)), max_size=6), st.integers())
def test_whatever_the_rules_every_signature_is_in_one_cluster_with_one_lead(rules: Any, seed: int) -> None:
    written = [{"merge": ids[:many]} if is_merge else {"split": ids[0]} for is_merge, ids, many in rules]
    shuffled = TWO.sample(fraction=1, shuffle=True, seed=random.Random(seed).randrange(2**32))

    done = replayed(TWO, *written)

    assert done.members.equals(replayed(shuffled, *written).members)
    assert done.members["signature_id"].sort().to_list() == [A, B, C, D]
    leads = done.members.filter("is_lead")
    assert leads["cluster_id"].n_unique() == leads.height == done.members["cluster_id"].n_unique()
    assert all(cluster_id(*SHOP, lead) == name for name, lead in leads.select("cluster_id", "signature_id").iter_rows())
