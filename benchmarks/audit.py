"""Known vulnerabilities of the locked packages, by pip-audit in an environment of its own: `make audit`.

    python -m benchmarks.audit

Exit codes: 0 none is known, 1 some are (listed), 2 the database, or the package index, was out of reach.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path

__all__ = ["judge"]

_ROOM = Path(".venv-audit")
_LOCK = Path("requirements.lock")
_OUT_OF_REACH = "The database of vulnerabilities is out of reach: nothing is known of the locked packages. Try again."


def judge(answer: str) -> tuple[int, str]:
    """Exit code and text of pip-audit's JSON; what is no JSON is no answer."""
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 2, _OUT_OF_REACH
    found = [f"{one['name']} {one['version']}: {hole['id']}" for one in packages for hole in one.get("vulns", ())]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    if skipped and len(skipped) == len(packages):
        return 2, _OUT_OF_REACH
    if skipped:
        return 2, f"Not looked up: {', '.join(skipped)}. Try again."
    return (1, "\n".join(found)) if found else (0, f"No vulnerability is known in {len(packages)} packages.")


def main() -> int:
    """Makes the environment where there is none, and asks."""
    python = _ROOM / "bin" / "python"
    if not python.exists():
        venv.create(_ROOM, with_pip=True)
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "pip-audit"]
    if subprocess.run(install, check=False, capture_output=True).returncode:
        print("pip-audit cannot be installed: the package index is out of reach. Try again.", file=sys.stderr)
        return 2
    ask = [str(python), "-m", "pip_audit", "-r", str(_LOCK), "--disable-pip", "--require-hashes", "-f", "json"]
    done = subprocess.run([*ask, "--progress-spinner", "off"], check=False, capture_output=True, text=True)
    code, told = judge(done.stdout)
    print(told, file=sys.stderr if code else sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main())
