"""What the command makes belongs to its account alone, whatever the umask it was started with."""

import json
import subprocess
import sys
from pathlib import Path


def test_every_file_of_an_import_is_closed_to_others_and_holds_no_secret(tmp_path: Path) -> None:
    secret = "Zq7" + "w8canary" + "X5k2"
    entry = {
        "insertId": "a",
        "timestamp": "2026-01-01T00:00:00Z",
        "logName": "projects/p/logs/x",
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": "shop"}},
        "severity": "ERROR",
        "jsonPayload": {"message": f"login failed password={secret}", "inner": json.dumps({"api_key": secret})},
    }
    (tmp_path / "in.jsonl").write_text(json.dumps(entry) + "\n" + f'{{"broken": "token={secret}\n')
    folder = tmp_path / "made"
    folder.mkdir()

    done = subprocess.run(
        [sys.executable, "-m", "logtriage.cli", "import", "../in.jsonl", "--db", "x.duckdb"],
        cwd=folder,
        umask=0,
        capture_output=True,
        check=True,
    )

    made = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "x.duckdb" for path in made)
    assert {path.name: path.stat().st_mode & 0o077 for path in made} == {path.name: 0 for path in made}
    assert not [path.name for path in made if secret.encode() in path.read_bytes()]
    assert secret.encode() not in done.stdout + done.stderr
