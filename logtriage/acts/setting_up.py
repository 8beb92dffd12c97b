"""Commands that come first, and when something does not work: init and doctor."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from collector.sources.base import process_settings
from logtriage.acts.asked import page_width, shown_progress
from logtriage.errors import ConfigError
from logtriage.escape import plain
from logtriage.export import json_bytes
from logtriage.output import check_writable, show, write_file
from logtriage.setup.checks import worst
from logtriage.setup.config_text import config_text
from logtriage.setup.doctor import examine
from logtriage.setup.doctor_view import checks_json, draw_checks
from logtriage.setup.endpoints import read_endpoints
from logtriage.setup.found_view import draw_found, draw_written
from logtriage.setup.login import Project, check_names, find_login, find_project
from logtriage.setup.starting import Found, look_around

__all__ = ["act_doctor", "act_init"]

_OFFLINE = "Nothing was asked any more: run `logtriage init --force` once the network is there."


def act_init(
    *, project: str | None, locations: Sequence[str], output: Path, force: bool, no_input: bool
) -> None:  # fmt: skip
    """Looks around in a project, tells what is there, and writes config.yaml.

    ConfigError when there are no credentials or no project, where nothing may be written, or where a file is already.
    Without `no_input` a missing project is asked for on a terminal; with it what is missing is left to be filled in.
    """
    if output.exists() and not force:
        raise ConfigError(
            f"--output is `{output}`, which is there already and stays as it is. Choose another name, or say --force."
        )
    check_names(project, locations)
    check_writable(output)
    endpoints = read_endpoints()
    found = Found()
    try:
        found.login = find_login()
    except ConfigError as error:
        if not no_input:
            raise
        found.not_found.append(f"Credentials: {error}")
    found.project = find_project(project, found.login)
    if found.project is None:
        found.project = _asked_project(no_input=no_input)
    if found.project is None:
        found.not_found.append("Project: none is named. Give it with --project, or fill it in.")
    with shown_progress() as progress:
        look_around(found, locations=locations, endpoints=endpoints, settings=process_settings(), progress=progress)
    if found.is_offline:
        found.not_found.append(_OFFLINE)
    width = page_width()
    show(draw_found(found, now_ns=time.time_ns(), width=width))
    write_file(output, config_text(found, endpoints))
    show(draw_written(output, found, width))


def act_doctor(
    config: Path | None, db: Path | None, *, form: str, is_whole_store: bool, repair: bool
) -> bool:  # fmt: skip
    """Tells what works, what does not and what to do about it; whether nothing failed."""
    with shown_progress() as progress:
        checks = examine(
            config, db, settings=process_settings(), progress=progress, is_whole_store=is_whole_store, repair=repair
        )
    show(json_bytes(checks_json(checks)).decode() if form == "json" else draw_checks(checks, page_width()))
    return worst(checks) != "fail"


def _asked_project(*, no_input: bool) -> Project | None:
    """The project that a person types; None where nobody may be asked what to fill in."""
    if no_input:
        return None
    if sys.stdin.isatty() and sys.stderr.isatty():
        sys.stderr.write("Which project? Its id: ")
        sys.stderr.flush()
        typed = plain(sys.stdin.readline(), 100)
        if typed:
            return Project(typed, "typed")
    raise ConfigError(
        "No project is named: not in GOOGLE_CLOUD_PROJECT, in the credentials or in gcloud's configuration. "
        "Give it with --project, or write a template with --no-input."
    )
