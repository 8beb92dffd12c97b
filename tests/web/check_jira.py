"""Documents of the channel `jira` against Atlassian's official schema of ADF (npm: @atlaskit/adf-schema).

A ticket, a comment, a warning and raw hostile text. Before that, documents with a known mistake each, so that a
check which finds nothing is no check. The package is unpacked and not installed: all that it depends on draws editors.
Jira's and GitLab's own OpenAPI descriptions are in no package of npm: their requests are held against the shapes of
our loopback servers alone (tests/support/jira_server.py, gitlab_server.py).
"""

import hashlib
import json
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

from logtriage.notifiers.jira_text import adf
from logtriage.ticket_view import comment, message_body, ticket
from tests.support.adf_shape import adf_mistakes
from tests.support.findings import findings
from tests.support.hostile import HOSTILE
from tests.support.messages import told
from tests.support.tickets import tracked

__all__ = ["check_jira"]

PACKAGE, VERSION = "@atlaskit/adf-schema", "57.7.22"
SHA256 = "53693004c8c3d3ccbff2f8dcc172aaf3ef84dae402216fda4602cb1bbe10c62b"
_FOLDER = Path(__file__).resolve().parent / "node_modules" / ".adf"
_LONGEST = 32_767
_TEXT = {"type": "text", "text": "x"}
_MISTAKES: tuple[dict[str, Any], ...] = (
    {"type": "heading", "content": [_TEXT]},
    {"type": "paragraph", "content": [{"type": "text", "text": ""}]},
    {"type": "paragraph", "content": [{**_TEXT, "marks": [{"type": "code"}, {"type": "strong"}]}]},
    {"type": "bulletList", "content": [_TEXT]},
    {"type": "codeBlock", "attrs": {"lang": "sh"}, "content": [_TEXT]},
    {"type": "table", "content": []},
)


def check_jira() -> int:
    """How many documents are as Atlassian describes them; SystemExit with the first that is not."""
    schema = Draft4Validator(_schema())
    for node in _MISTAKES:
        document = {"type": "doc", "version": 1, "content": [node]}
        for who, is_fine in (("the schema", schema.is_valid(document)), ("our own check", not adf_mistakes(document))):
            if is_fine:
                sys.exit(f"A known mistake of ADF is not found by {who}: {json.dumps(node)}. This check is none.")
    every = _documents()
    for name, document in every.items():
        size = len(json.dumps(document, ensure_ascii=False))
        wrong = None if schema.is_valid(document) else next(schema.iter_errors(document), None)
        if wrong is not None or size > _LONGEST:
            sys.exit(f"Jira would refuse `{name}`: {wrong.message[:300] if wrong else f'{size} characters'}.")
    return len(every)


def _documents() -> Mapping[str, Any]:
    texts = {
        "ticket": ticket(findings(), tracked()).body,
        "comment": comment(findings(), tracked()),
        "warning": message_body(told()),
        **{f"hostile text {name}": text[:2000] for name, text in HOSTILE.items()},
    }  # fmt: skip
    return {name: adf(text) for name, text in texts.items()}


def _schema() -> Any:
    """The schema out of the package, which is fetched once and is the very one that is named above."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    packed = _FOLDER / f"adf-schema-{VERSION}.tgz"
    if not packed.exists():
        words = ("npm", "pack", f"{PACKAGE}@{VERSION}", "--ignore-scripts", "--silent", "--pack-destination", ".")
        done = subprocess.run(words, cwd=_FOLDER, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"npm gives no {PACKAGE}: {done.stderr.strip()[:300]}. Check the network.")
        (_FOLDER / done.stdout.split()[-1]).rename(packed)
    if hashlib.sha256(packed.read_bytes()).hexdigest() != SHA256:
        packed.unlink()
        sys.exit(f"{PACKAGE} {VERSION} is another one than before: look at it, and correct SHA256.")
    with tarfile.open(packed) as archive:
        found = archive.extractfile("package/dist/json-schema/v1/full.json")
        return json.load(found) if found else sys.exit(f"{PACKAGE} has no schema any more.")


if __name__ == "__main__":
    print(f"{check_jira()} documents are as Atlassian describes ADF", file=sys.stderr)  # noqa: T201 - what it found
