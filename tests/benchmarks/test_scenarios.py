"""The benchmark of scenarios: one incident through the whole line gives its figures."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import scenarios


def test_figures_of_a_run_are_printed_and_its_answers_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["scenarios", "variable_lost", "--seeds", "1", "--scale", "0.1", "--json", "--keep", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command)

    scenarios.main()

    told = json.loads(capsys.readouterr().out)
    assert told["scenarios"].keys() == {"variable_lost"}
    assert told["total"]["root"] == 1.0
    assert {path.name for path in (tmp_path / "variable_lost-1").iterdir()} == {"truth.json", "prediction.json"}


def test_an_unknown_scenario_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["scenarios", "variable_lsot"])

    with pytest.raises(SystemExit):
        scenarios.main()

    assert "`variable_lsot`; known: secret_lost" in capsys.readouterr().err
