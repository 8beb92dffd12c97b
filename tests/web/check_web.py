"""`make check-web`: reports as pages in a real browser without a network, and their diagrams with the official parser.

What is asked of GitHub is held against its official description, too.

Needs node and a Chromium: that of $CHROMIUM, else one of the path; as root a missing one is installed by apt-get. Each
step that cannot be done ends in one sentence that says what is missing.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from logtriage.render import plain_report
from logtriage.report_config import ReportConfig
from tests.support.findings import empty_findings
from tests.support.pages import hostile_findings
from tests.web.ticket_page import write_tickets

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
DEMOS = {"demo": "secret_lost", "slower": "slower", "quiet": "quiet"}


def find_chromium() -> str:
    """The browser to use; SystemExit with a sentence where there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named) or sys.exit(f"CHROMIUM is `{named}`, which is no program. Correct it.")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        # fails where one of its sources does
        subprocess.run(["apt-get", "update", "-q"], stdout=sys.stderr, check=False)
        run("apt-get", "install", "-y", "-q", "chromium")
        found = shutil.which("chromium")
    return found or sys.exit("There is no Chromium. Install it (Debian: apt-get install chromium), or set CHROMIUM.")


def install_node_packages() -> None:
    """What package-lock.json names, unless it is there already."""
    if not (shutil.which("node") and shutil.which("npm")):
        sys.exit("There is no node or no npm. Install Node.js 20 or newer (Debian: apt-get install nodejs npm).")
    mark = HERE / "node_modules" / ".package-lock.json"
    if not mark.exists() or mark.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=HERE)


def make_pages(folder: Path) -> list[Path]:
    """Reports to look at, as HTML with Markdown beside it: incidents, a quiet window, an empty store, hostile text."""
    for name, scenario in DEMOS.items():
        run(sys.executable, "-m", "logtriage.cli", "demo", "--scenario", scenario, "--seed", "1", "--folder",
            str(folder / "stores" / name))  # fmt: skip
        for end in ("html", "md"):
            shutil.copy(folder / "stores" / name / f"demo-report.{end}", folder / f"{name}.{end}")
    for name, found in (("hostile", hostile_findings()), ("empty", empty_findings())):
        for end, form in (("html", "html"), ("md", "markdown")):
            text = plain_report(found, ReportConfig(), form=form, recall=" --since 24h")
            (folder / f"{name}.{end}").write_text(text, encoding="utf-8")
    return [folder / f"{name}.html" for name in (*DEMOS, "hostile", "empty")]


def run(*words: str, cwd: Path = ROOT) -> None:
    """One command, its words on stderr; SystemExit with its code where it fails."""
    done = subprocess.run(words, cwd=cwd, stdout=sys.stderr, check=False)
    if done.returncode:
        sys.exit(f"`{' '.join(words[:3])} ...` ended with {done.returncode}: see the lines above.")


def main(folder: Path) -> None:
    """All of it; what was looked at lies in the folder afterwards."""
    browser = find_chromium()
    install_node_packages()
    shutil.rmtree(folder, ignore_errors=True)
    screenshots = folder / "screenshots"
    screenshots.mkdir(parents=True)
    pages = make_pages(folder)
    if (HERE / "check-mermaid.mjs").exists():
        texts = [*(page.with_suffix(".md") for page in pages), *write_tickets(folder)]
        run("node", "check-mermaid.mjs", *map(str, texts), cwd=HERE)
    run(sys.executable, "-m", "tests.web.check_github")
    run(sys.executable, "-m", "tests.web.check_jira")
    run(sys.executable, "-m", "tests.web.check_slack", str(folder))
    run(
        "node",
        "draw-page.mjs",
        browser,
        str(screenshots),
        *(str(folder / f"{name}.html") for name in ("slack", "ticket")),
        cwd=HERE,
    )
    run("node", "check-pages.mjs", browser, str(screenshots), *map(str, pages), cwd=HERE)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "check-web").resolve())
