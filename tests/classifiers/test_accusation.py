"""Simulated histories with a planted truth: who is named, who is not, and what is said of it."""

from typing import Any

import numpy as np
import pytest

from classifiers.findings import Attribution
from tests.support.trials import Trial, config_of, tried

SEEDS = range(40)


def steps(*parts: tuple[int, float]) -> list[float]:
    """So many minutes with so many requests each, one after the other."""
    return [many for minutes, many in parts for _ in range(minutes)]


def claims(trial: Trial, seeds: range = SEEDS) -> list[Attribution | None]:
    return [tried(trial, seed)[0] for seed in seeds]


def blamed(found: list[Attribution | None], revision: str = "") -> int:
    return sum(
        one is not None and one.confidence >= 0.5 and (not revision or one.revision == revision) for one in found
    )


def test_a_bad_deploy_is_named_and_a_good_one_before_an_outage_is_not() -> None:
    asked = {"r1": steps((120, 10), (120, 0)), "r2": steps((120, 0), (120, 10))}
    late = [0.0] * 200 + [0.3] * 40

    assert blamed(claims(Trial(asked, {"r2": 0.1})), "r2") == len(SEEDS)
    assert blamed(claims(Trial(asked, {"r1": late, "r2": late}))) == 0


def test_an_outage_at_the_very_roll_out_blames_nobody_while_the_old_revision_still_serves() -> None:
    asked = {"r1": steps((120, 10), (60, 8), (60, 5)), "r2": steps((120, 0), (60, 2), (60, 5))}
    outage = [0.0] * 120 + [0.2] * 120

    found = claims(Trial(asked, {"r1": outage, "r2": outage}))

    assert blamed(found) == 0


def test_where_both_are_seen_to_fail_alike_in_the_same_minutes_no_revision_is_blamed() -> None:
    random = np.random.default_rng(7)
    for seed in range(60):
        share = float(random.uniform(0.05, 0.6))
        base, times = float(random.uniform(0, 0.02)), float(random.uniform(1, 20))
        asked = {
            "r1": steps((120, 40), (120, round(40 * (1 - share))), (120, 0)),
            "r2": steps((120, 0), (120, round(40 * share)), (120, 40)),
        }
        rates = [base] * 120 + [min(base * times + 0.02, 0.9)] * 240
        found, _ = tried(Trial(asked, {"r1": rates, "r2": rates}), seed)
        if found and found.side_by_side and found.side_by_side.verdict == "no difference":
            assert found.confidence < 0.5, (seed, found.side_by_side)


def test_a_canary_that_is_worse_is_named_and_side_by_side_decides() -> None:
    asked = {"r1": steps((120, 30), (120, 27)), "r2": steps((120, 0), (120, 3))}

    found = claims(Trial(asked, {"r1": 0.002, "r2": 0.2}))

    assert blamed(found, "r2") >= 0.95 * len(SEEDS)  # of one in twenty the onset is placed before it served
    assert {one.decided_by for one in found if one} == {"old and new revision side by side"}


def idle_deploys(text: str = "price is missing") -> Trial:
    """r1 serves well, nobody asks r2 to r4, r5 fails; r3 dropped the key."""
    asked = {
        "r1": steps((120, 5), (120, 0)), "r2": steps((240, 0)), "r3": steps((240, 0)), "r4": steps((240, 0)),
        "r5": steps((150, 0), (90, 5)),
    }  # fmt: skip
    configs = {
        "r1": config_of(PRICE_TABLE="1"), "r2": config_of(image="b", PRICE_TABLE="1"), "r3": config_of(image="b"),
        "r4": config_of(image="c"), "r5": config_of(image="d"),
    }  # fmt: skip
    return Trial(asked, {"r5": 0.5}, configs, {"r2": 122, "r3": 124, "r4": 126, "r5": 149}, text)


def test_deploys_that_nobody_asked_cannot_be_told_apart_from_the_first_that_failed() -> None:
    found, _ = tried(idle_deploys(), 1)

    assert found is not None
    assert found.revision == "r5"
    assert found.first_bad == ("r2", "r3", "r4", "r5")
    assert {one.why for one in found.not_apart} == {"took no requests"}
    assert found.last_good is not None
    assert (found.last_good.revision, found.last_good.failures, found.last_good.exposed) == ("r1", 0, 600)


def test_of_deploys_that_nobody_asked_the_one_is_named_that_brought_what_the_failure_names() -> None:
    found, _ = tried(idle_deploys("KeyError: PRICE_TABLE"), 1)

    assert found is not None
    assert found.change is not None
    assert (found.revision, found.change.name) == ("r3", "PRICE_TABLE")
    assert any("changed in r3 already" in one.statement for one in found.evidence)


def test_a_deploy_that_changed_nothing_is_less_likely_the_first() -> None:
    trial = idle_deploys()
    configs = dict(trial.configs) | {"r4": trial.configs["r3"]}

    found, _ = tried(Trial(trial.asked, trial.rates, configs, trial.created), 1)

    assert found is not None
    shares = {one.revision: one.share for one in found.not_apart}
    assert shares["r4"] < shares["r2"] / 3


def test_few_requests_without_a_failure_clear_a_deploy_only_at_a_high_rate() -> None:
    asked = {"r1": steps((120, 5), (120, 0)), "r2": steps((120, 0), (10, 1), (110, 0)), "r3": steps((130, 0), (110, 5))}
    rare, often = Trial(asked, {"r3": 0.05}), Trial(asked, {"r3": 0.9})

    seen = {name: tried(trial, 3)[0] for name, trial in (("rare", rare), ("often", often))}

    assert seen["rare"] is not None
    assert seen["often"] is not None
    assert seen["rare"].first_bad == ("r2", "r3")
    assert "took 10 requests only, of which 0." in seen["rare"].not_apart[0].why
    assert seen["often"].first_bad == ("r3",)


def test_the_set_holds_the_first_bad_revision_in_nineteen_of_twenty_histories() -> None:
    """28 revisions in 7 hours, a quarter of them without traffic, as many as hundreds of others with a few requests."""
    held, exact, sizes = 0, 0, []
    for seed in range(60):
        random = np.random.default_rng(seed)
        many = np.where(random.random(28) < 0.25, 0, np.minimum(random.lognormal(np.log(40), 1.2, 28), 400).round())
        first = int(random.integers(3, 26))
        many[0] = 60  # one is known to be good
        asked = {
            f"r{place:02d}": steps((15 * place, 0), (15, float(count // 15 + (count % 15 > 0))), (15 * (27 - place), 0))
            for place, count in enumerate(many)
        }
        rates = {f"r{place:02d}": 0.002 if place < first else 0.1 for place in range(28)}
        created = {f"r{place:02d}": 15.0 * place for place in range(28)}
        found, of = tried(Trial(asked, rates, {}, created), seed)
        if found is None or of.units < 4:
            continue
        sizes.append(len(found.first_bad))
        held += f"r{first:02d}" in found.first_bad
        exact += f"r{first:02d}" == found.revision

    assert held >= 0.95 * len(sizes) - 1
    assert np.mean(sizes) < 8
    assert exact >= 0.4 * len(sizes)


def two_changes(later: dict[str, Any], fails: dict[str, float]) -> Trial:
    """r2 drops the key with a new image and fails; what later ones have is given."""
    asked = {
        "r1": steps((60, 10), (180, 0)),
        "r2": steps((60, 0), (60, 10), (120, 0)),
        "r3": steps((120, 0), (120, 10)),
    }
    configs = {"r1": config_of(image="a", KEY="1", OTHER="2"), "r2": config_of(image="b", OTHER="2")}
    return Trial(asked, {"r2": 0.4, **fails}, configs | later)


@pytest.mark.parametrize(
    ("later", "fails", "change", "cleared"),
    [
        (config_of(image="b", KEY="1", OTHER="2"), 0.0, "KEY", {"image"}),
        (config_of(image="b", KEY="1", OTHER="2"), 0.4, "image", {"KEY"}),
        (config_of(image="a", OTHER="2"), 0.0, "image", {"KEY"}),
        (config_of(image="a", OTHER="2"), 0.4, "KEY", {"image"}),
    ],
    ids=["key back, well", "key back, fails", "image back, well", "image back, fails"],
)
def test_a_later_deploy_that_takes_one_change_back_tells_which_did_it(
    later: dict[str, Any], fails: float, change: str, cleared: set[str]
) -> None:
    found, _ = tried(two_changes({"r3": later}, {"r3": fails}), 1)

    assert found is not None
    assert found.change is not None
    assert found.revision == "r2"
    assert found.change.name == change
    assert {one.name for one in found.cleared} == cleared
    assert found.also_changed == ()


def test_a_redeploy_of_the_same_fails_too_and_leaves_both_changes_named() -> None:
    found, _ = tried(two_changes({"r3": config_of(image="b", OTHER="2")}, {"r3": 0.4}), 1)

    assert found is not None
    assert found.change is not None
    assert {found.change.name, *(one.name for one in found.also_changed)} == {"KEY", "image"}
    assert any(one.statement.startswith("r3 changed nothing and fails too") for one in found.evidence)


def test_a_failure_that_stops_with_a_roll_back_and_comes_back_was_repeated() -> None:
    asked = {
        "r1": steps((60, 10), (60, 0), (60, 10), (60, 0)), "r2": steps((60, 0), (60, 10), (60, 0), (60, 10)),
    }  # fmt: skip

    found = claims(Trial(asked, {"r2": 0.3}))

    assert blamed(found, "r2") == len(SEEDS)
    assert {one.decided_by for one in found if one} == {"replication: it stopped when another revision served again"}
    assert all("it failed twice" in " ".join(fact.statement for fact in one.evidence) for one in found if one)


def test_steady_noise_beside_many_deploys_and_clusters_accuses_at_most_one_in_a_hundred() -> None:
    """Thirty deploys a cluster, failures at one rate, looked at each hour: no look may accuse more than rarely."""
    accused = looks = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        edges = sorted(random.choice(np.arange(10, 710), 9, replace=False).tolist())
        begins, ends = [0, *edges], [*edges, 720]
        asked = {
            f"r{place}": steps((begin, 0), (end - begin, 20), (720 - end, 0))
            for place, (begin, end) in enumerate(zip(begins, ends, strict=True))
        }
        rate = float(random.choice([0.001, 0.003, 0.01]))
        for until in range(180, 721, 180):
            part = {name: many[:until] for name, many in asked.items() if any(many[:until])}
            found, _ = tried(Trial(part, dict.fromkeys(part, rate), looks=60), seed)
            accused += found is not None and found.confidence >= 0.5
            looks += 1

    assert accused <= 0.01 * looks


def test_a_deploy_fired_twice_is_told_with_what_the_first_one_changed_though_nobody_asked_that() -> None:
    asked = {"r1": steps((120, 10), (120, 0)), "r2": steps((240, 0)), "r3": steps((122, 0), (118, 10))}
    configs = {"r1": config_of(), "r2": config_of(image="b"), "r3": config_of(image="b")}

    found, _ = tried(Trial(asked, {"r3": 0.4}, configs, {"r2": 120, "r3": 120}), 1)

    assert found is not None
    assert found.change is not None
    assert (found.revision, found.good_revision, found.change.type) == ("r3", "r1", "image")
    assert found.first_bad[0] == "r2"


def test_a_twin_that_few_requests_do_not_acquit_is_no_good_revision() -> None:
    """r3 repeats r2, which one request alone asked: what changed is told from r1, the last that is known to be well."""
    asked = {"r1": steps((120, 10), (120, 0)), "r2": [*steps((120, 0)), 1, *steps((119, 0))],
             "r3": steps((122, 0), (118, 10))}  # fmt: skip
    configs = {"r1": config_of(), "r2": config_of(image="b"), "r3": config_of(image="b")}

    found, _ = tried(Trial(asked, {"r3": 0.4}, configs, {"r2": 120, "r3": 120}), 1)

    assert found is not None
    assert found.change is not None
    assert (found.revision, found.good_revision, found.change.type) == ("r3", "r1", "image")
    assert [one.why.split(",")[0] for one in found.not_apart] == ["took 1 request only"]


def test_what_an_earlier_deploy_changed_is_not_told_of_the_same_deploy() -> None:
    """r2 changed the image and nobody asked it; r3 dropped the key that the failure names."""
    asked = {"r1": steps((120, 10), (120, 0)), "r2": steps((240, 0)), "r3": steps((122, 0), (118, 10))}
    configs = {"r1": config_of(LOG_FORM="1"), "r2": config_of(image="b", LOG_FORM="1"), "r3": config_of(image="b")}

    found, _ = tried(Trial(asked, {"r3": 0.9}, configs, {"r2": 120, "r3": 121}, "KeyError: 'LOG_FORM'"), 1)

    assert found is not None
    assert found.change is not None
    assert (found.revision, found.change.name, found.also_changed) == ("r3", "LOG_FORM", ())
