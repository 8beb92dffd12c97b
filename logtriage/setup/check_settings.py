"""Checks of config.yaml and of what lies beside it: known signatures, templates, key. Asks no network."""

import os
import stat
from pathlib import Path
from typing import Any

from classifiers.known_signatures import own_families
from collector.normalise.redact import KEY_VARIABLE, load_key
from logtriage.config import CONFIG_FILE, Config, load_config
from logtriage.errors import ConfigError, LogtriageError
from logtriage.escape import plain
from logtriage.setup.checks import Check, of_error
from logtriage.templating import template_environment
from logtriage.wording import plural

__all__ = ["check_beside", "check_config", "closed_to_others", "section_words"]

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def check_config(path: Path | None, db: Path | None) -> tuple[Config | None, tuple[Check, ...]]:
    """The settings, None where they cannot be used, and a check for each mistake in them."""
    try:
        config = load_config(path, db=db)
    except ConfigError as error:
        return None, tuple(of_error("config", ConfigError(line)) for line in str(error).splitlines())
    named = path or (Path(os.environ["LOGTRIAGE_CONFIG"]) if os.environ.get("LOGTRIAGE_CONFIG") else CONFIG_FILE)
    if not named.is_file():
        return config, (Check("config", "warn", "there is no config.yaml here", "Run `logtriage init`."),)
    told = f"`{plain(named, 300)}` loads: {plural(len(config.sources), 'source')}"
    told += f", {plural(len(config.digest.channels), 'channel')}"
    checks = [Check("config", "ok", told)]
    if not config.sources and not config.receive.is_on:
        checks.append(
            Check("config", "warn", "sources is empty and nothing listens", "Add a source, or run `logtriage init`.")
        )
    if named.stat().st_mode & _OTHERS_WRITE:
        checks.append(
            Check(
                "config",
                "warn",
                f"`{plain(named, 300)}` may be written by others",
                f"Run `chmod go-w {plain(named, 300)}`.",
            )
        )
    return config, tuple(checks)


def check_beside(config: Config) -> tuple[Check, ...]:
    """Own known signatures and templates, where there are any; sections schedule and retention as they are in force."""
    checks = [_known(config), _templates(config), _key(config)]
    checks += [Check(name, "ok", words) for name in ("schedule", "retention") if (words := section_words(config, name))]
    return tuple(one for one in checks if one is not None)


def section_words(config: Config, name: str) -> str:
    """A flat section in a line: `collect 1h, classify after collect`; "" where there is no such section."""
    section: dict[str, Any] = config.model_dump(mode="json").get(name) or {}
    flat = {key: value for key, value in section.items() if not isinstance(value, dict | list) and value is not None}
    return ", ".join(f"{key} {plain(value, 80)}" for key, value in flat.items())


def _known(config: Config) -> Check | None:
    try:
        families = own_families(config.known)
    except LogtriageError as error:
        return of_error("known", error)
    if not families:
        return None
    count = sum(len(one.signatures) for one in families)
    return Check("known", "ok", f"{plural(count, 'known signature')} of your own")


def _templates(config: Config) -> Check | None:
    folder = config.report.templates
    if folder is None:
        return None
    from jinja2 import TemplateError  # noqa: PLC0415 - only own templates need it

    try:
        environment = template_environment(folder)
        names = [path.name for path in sorted(folder.iterdir()) if path.suffix == ".j2"]
        for name in names:
            environment.get_template(name)
    except LogtriageError as error:
        return of_error("templates", error)
    except (TemplateError, OSError) as error:
        return Check("templates", "fail", f"`{plain(folder, 300)}`: {plain(error, 200)}", "Correct the template.")
    return Check("templates", "ok", f"{plural(len(names), 'template')} of your own")


def _key(config: Config) -> Check:
    """The key of hashes: without it nothing that was hashed before can be compared."""
    if os.environ.get(KEY_VARIABLE):
        return Check("key", "ok", f"the key for hashes comes from {KEY_VARIABLE}")
    path = config.store.path.with_name(f"{config.store.path.name}.key")
    if not path.is_file():
        if not config.store.path.is_file():
            return Check("key", "ok", "none yet; the first run that stores makes one")
        return Check(
            "key", "warn", f"`{plain(path, 300)}` is gone: hashes of before can be compared with none of now",
            "Bring it back from a backup; else the next run makes a new one.",
        )  # fmt: skip
    try:
        load_key(path)
    except LogtriageError as error:
        return of_error("key", error)
    return closed_to_others("key", path) or Check("key", "ok", f"`{plain(path, 300)}`, readable by you alone")


def closed_to_others(name: str, path: Path) -> Check | None:
    """A warning where others may read or write a file; None where it is closed."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return None
    shown = plain(path, 300)
    return Check(name, "warn", f"`{shown}` is open to others (mode {mode:03o})", f"Run `chmod 600 {shown}`.")
