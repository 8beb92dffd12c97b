"""What the code asks for, what `init` looks at and what docs/permissions.md says are the same permissions."""

import ast
import re
from pathlib import Path

import yaml

from logtriage.setup.permissions import NEEDS, OPTIONAL, grants, missing

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
# Granted on a view or on a secret, and not on the project.
NARROW = {
    "logging.views.access": "roles/logging.viewAccessor",
    "secretmanager.versions.access": "roles/secretmanager.secretAccessor",
}


def used_by_sources() -> dict[str, str]:
    """Permission and role of each `Permission(...)` of the sources."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "collector").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Permission":
                role = next(one.value for one in node.keywords if one.arg == "role")
                assert isinstance(node.args[0], ast.Constant)
                assert isinstance(role, ast.Constant)
                found[str(node.args[0].value)] = str(role.value)
    return found


def test_init_looks_at_each_permission_that_a_source_needs_and_at_its_role() -> None:
    looked_at = {one.permission: one.role for one in NEEDS}

    assert used_by_sources() == {
        name: role
        for name, role in {**looked_at, **NARROW}.items()
        if name not in {"run.locations.list", "secretmanager.versions.access"}
    }


def test_the_page_tells_each_permission_with_its_role() -> None:
    wanted = {one.permission: one.role for one in (*NEEDS, *OPTIONAL)} | NARROW
    told: dict[str, str] = {}
    for row in re.findall(r"(?m)^\| .+ \| (`.+) \| (.+) \|$", PAGE):
        told |= dict.fromkeys(re.findall(r"`([\w.]+)`", row[0]), re.findall(r"`(roles/[\w.]+)`", row[1])[0])

    assert told == wanted


def test_the_custom_role_has_exactly_what_is_needed_on_a_project() -> None:
    role = yaml.safe_load(PAGE.partition("```yaml\n")[2].partition("```")[0])

    assert role["includedPermissions"] == sorted(one.permission for one in NEEDS)


def test_the_code_that_reads_secrets_names_the_role_of_the_page() -> None:
    assert NARROW["secretmanager.versions.access"] in (ROOT / "collector" / "secret.py").read_text(encoding="utf-8")


def test_a_role_is_granted_once_for_all_it_has() -> None:
    lacking = missing(NEEDS, {"logging.logEntries.list", "cloudtrace.traces.list"})

    commands = grants(lacking, project="my-project", member="serviceAccount:a@b.iam.gserviceaccount.com")

    assert [len(needs) for needs, _ in commands] == [3]
    assert commands[0][1] == (
        "gcloud projects add-iam-policy-binding my-project "
        "--member=serviceAccount:a@b.iam.gserviceaccount.com --condition=None --role=roles/run.viewer"
    )
