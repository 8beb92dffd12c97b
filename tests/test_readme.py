"""The README cannot lie: its report is what the demo prints, its commands exist."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = [sys.executable, "-c", "from logtriage.cli import main; main()"]


def printed(*arguments: str, cwd: Path) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "80"}
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=True
    )
    return done.stdout


def test_the_report_shown_is_what_the_demo_prints(tmp_path: Path) -> None:
    shown = re.search(r"```text\n(.*?)\n```", README, re.DOTALL)

    told = "\n".join(line.rstrip() for line in printed("demo", "--folder", str(tmp_path), cwd=tmp_path).splitlines())

    assert shown
    assert shown[1] in told


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
