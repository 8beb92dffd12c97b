"""The command that proves what is mended: verify."""

import sys
from collections.abc import Sequence
from pathlib import Path

from classifiers.findings import Findings
from classifiers.followed import Verification
from classifiers.verification.declared import declared_id
from logtriage.acts.asked import analyse_window, page_width
from logtriage.config import load_config
from logtriage.errors import ConfigError, WrongUsage
from logtriage.escape import plain
from logtriage.export import json_bytes
from logtriage.lookup import Lookup
from logtriage.output import show
from logtriage.templating import fill
from logtriage.verification_json import VERDICTS, verify_json
from logtriage.verification_view import draw_verify, view_verify

__all__ = ["FAIL_ON", "act_verify"]

FAIL_ON = {verdict.lower().replace(" ", "-"): verdict for verdict in VERDICTS if verdict != "VERIFIED"}
_TITLE = 120


def act_verify(  # noqa: PLR0913 - one argument an option of the contract
    config: Path | None, db: Path | None, *, name: str | None, since: str | None, until: str | None, form: str,
    fail_on: Sequence[str],
) -> bool:  # fmt: skip
    """Every criterion of the window and of what waits, or those of one finding; whether `--fail-on` matched."""
    wanted = _conditions(fail_on)
    loaded = load_config(config, db=db)
    findings = analyse_window(loaded, since, until, loaded.report.window_hours)
    chosen = findings.verifications if name is None else _chosen(findings, name)
    if form == "json":
        show(json_bytes(verify_json(chosen, findings)).decode())
    else:
        view = view_verify(chosen, findings)
        folder = loaded.report.templates
        show(fill("verify.md.j2", view, folder) if form == "markdown" else draw_verify(view, page_width()))
    matched = [one for one in chosen if one.verdict in wanted]
    for one in matched:
        sys.stderr.write(f"{one.verdict}: {plain(one.criterion.service, 80)}: {plain(one.why, _TITLE)}\n")
    return bool(matched)


def _conditions(given: Sequence[str]) -> set[str]:
    """Verdicts on which the command ends in 3; WrongUsage that lists the known."""
    names = [part.strip() for text in given for part in text.split(",") if part.strip()]
    unknown = next((one for one in names if one not in {*FAIL_ON, "none"}), None)
    if unknown is not None or not names:
        raise WrongUsage(
            f"--fail-on is `{plain(unknown or '', 80)}`; known verdicts: {', '.join(FAIL_ON)}, or none. "
            "Correct the spelling."
        )
    if "none" in names and len(set(names)) > 1:
        raise WrongUsage("--fail-on is `none` beside a verdict. Give one or the other.")
    return {FAIL_ON[one] for one in names if one != "none"}


def _chosen(findings: Findings, name: str) -> tuple[Verification, ...]:
    """Criteria of one finding, of all members of an incident by its number or id, or a declared one by its name."""
    wanted = name.strip().removeprefix("#")
    every = findings.verifications
    ids: set[str] = set()
    for incident in findings.incidents:
        if str(incident.number) == wanted:
            ids = {incident.root, *incident.symptoms}
    for tracked in findings.tracked:
        if len(wanted) >= len("1234") and tracked.id.startswith(wanted):
            ids |= {one.finding_id for one in tracked.members}
    found = tuple(one for one in every if one.criterion.finding_id in ids)
    if not found:
        found = tuple(one for one in every if wanted and _is_named(one, wanted))
    if found:
        return found
    lookup = Lookup(findings)
    one = lookup.silent(name) or lookup.named(name, also=(other.criterion.id for other in every))
    found = tuple(other for other in every if other.criterion.finding_id == one.id)
    if not found:
        raise ConfigError(
            f"`{plain(name, 80)}` has no criterion in this window: it is no problem of it, nor of an incident that "
            "waits. `logtriage verify` lists what has one."
        )
    return found


def _is_named(one: Verification, wanted: str) -> bool:
    criterion = one.criterion
    ids = [text for text in (criterion.finding_id, criterion.id) if text]
    return criterion.id == declared_id(wanted) or any(text.startswith(wanted) for text in ids)
