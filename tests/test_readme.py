"""The README cannot lie: its report is what the demo prints, its commands exist."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from classifiers.config import AttributionConfig
from tests.support.command_line import options

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = [sys.executable, "-c", "from logtriage.cli import main; main()"]


def printed(*arguments: str, cwd: Path) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "80"}
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the demo of seed 1, with what it printed in `stdout`."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "stdout").write_text(printed("demo", "--folder", str(folder), cwd=folder), encoding="utf-8")
    return folder


def test_the_report_shown_is_what_the_demo_prints(demo: Path) -> None:
    shown = re.search(r"```text\n(.*?)\n```", README, re.DOTALL)

    told = "\n".join(line.rstrip() for line in (demo / "stdout").read_text(encoding="utf-8").splitlines())

    assert shown
    assert shown[1] in told


def test_the_worked_example_of_the_docs_is_what_the_demo_counts(demo: Path) -> None:
    page = (ROOT / "docs" / "verdict.md").read_text(encoding="utf-8")
    example = " ".join(page.partition("## A worked example")[2].partition("\n## ")[0].split())
    report = json.loads(printed("report", *options(demo), "--format", "json", cwd=demo))
    root = next(one for one in report["clusters"] if one["id"] == report["incidents"][0]["root"])
    blamed, others = ([one for one in root["per_revision"] if bool(one["failures"]) is bad] for bad in (True, False))
    bad = sum(one["failures"] for one in blamed), sum(one["exposed"] for one in blamed)
    good = 0, sum(one["exposed"] for one in others)
    whole = bad[0], bad[1] + good[1]
    mean = whole[0] / whole[1]
    of_bad, of_good, of_all = (marginal(one[0], one[1], mean) for one in (bad, good, whole))
    first, last = ((root["attribution"][name]["failures"], root["attribution"][name]["exposed"])
                   for name in ("first_seen_bad", "last_good"))  # fmt: skip
    pair_mean = (first[0] + last[0]) / (first[1] + last[1])
    pair = marginal(*first, pair_mean) + marginal(*last, pair_mean)
    pair -= marginal(first[0] + last[0], first[1] + last[1], pair_mean)
    priors = AttributionConfig()
    odds = priors.bad_deploys / math.e / (2 * priors.outages_per_day / 1440)

    assert f"the {len(blamed) - 1} revisions after it | {bad[0]} | {bad[1]}" in example
    assert f"the {len(others)} revisions before | 0 | {good[1]:,}" in example
    assert f"{whole[0]} / {whole[1]:,} = {mean:.3f}" in example
    assert f"b = {0.5 * (1 - mean) / mean:.2f}" in example
    assert f"{{{of_bad:.1f}}}_{{{bad[0]}\\ of\\ {bad[1]}}}" in example
    assert f"-\\,{-of_good:.1f}".replace("-\\,", "{-\\,") in example
    assert f"{{{-of_all:.1f}}}" in example
    assert f"= {of_bad + of_good - of_all:.1f}" in example
    assert f"{first[0]} of {first[1]} against {last[0]} of {last[1]}, would give {pair:.1f}" in example
    assert f"{odds:.0f} to 1" in example
    assert f"capped at {root['attribution']['confidence']}" in example
    assert all(root["onset_detail"][end][11:19] in example for end in ("earliest", "latest"))


def marginal(failed: int, exposed: int, mean: float) -> float:
    """The formula of the page: log B(a + k, b + n - k) - log B(a, b), the prior's mean a half at most."""
    a, share = 0.5, min(mean, 0.5)
    b = a * (1 - share) / share
    return log_beta(a + failed, b + exposed - failed) - log_beta(a, b)


def log_beta(a: float, b: float) -> float:
    """Logarithm of the Beta function."""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def test_every_command_named_exists_and_every_command_is_named(tmp_path: Path) -> None:
    named = set(re.findall(r"logtriage (import|collect|[a-z]+)(?= )", README)) - {"says", "does", "can", "needs"}
    listed = set(re.findall(r"^│ ([a-z]+) +\S", printed("--help", cwd=tmp_path), re.MULTILINE))

    assert listed - named - set(re.findall(r"`logtriage ([a-z]+)`", README)) == set()
    assert {name for name in named if name in {"report", "show", "import", "collect"}} <= listed
    assert set(re.findall(r"`logtriage ([a-z]+)[ `]", README)) <= listed


def test_every_make_target_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    texts = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert {target for target in re.findall(r"make ([a-z]+)\b", texts) if f"\n{target}:" not in makefile} == set()
