"""Muting by hand: how long, of what, and the pen that stores it."""

from msgspec import Struct

from classifiers.findings import Findings
from classifiers.followed import Mute
from collector.store import Store
from collector.window import NS_PER_S, Window, format_ns, parse_duration_ns, parse_instant_ns
from logtriage import pipeline
from logtriage.config import Config
from logtriage.errors import ConfigError, WrongUsage
from logtriage.escape import plain
from logtriage.redacting import redactor_of

__all__ = ["DEFAULT", "LONGEST_DAYS", "MuteResult", "lift", "mute", "until_of"]

DEFAULT = "7d"
LONGEST_DAYS = 90
_DAY_NS = 86_400 * NS_PER_S


class MuteResult(Struct, frozen=True):
    """The mute that was made, and those it takes the place of; `findings` are those it was found in."""

    mute: Mute
    replaced: tuple[Mute, ...]
    findings: Findings


def until_of(duration: str | None, until: str | None, *, now_ns: int) -> int:
    """When a mute ends, of `--for` or `--until`; ConfigError where that is none, past, or too far away."""
    if duration is not None and until is not None:
        raise WrongUsage("--for and --until are both given. Give one of them.")
    if until is not None:
        name, given = "--until", until
        if parse_duration_ns(until.strip()) is not None:
            raise WrongUsage(f"--until is `{plain(until, 40)}`, which is a duration. Write --for {plain(until, 40)}.")
        until_ns = parse_instant_ns(until, name=name, now_ns=now_ns)
    else:
        name, given = "--for", duration or DEFAULT
        span_ns = parse_duration_ns(given.strip())
        if span_ns is None:
            raise WrongUsage(f"--for is `{plain(given, 40)}`, which is no duration. Write one like 12h, 7d or 2w.")
        until_ns = now_ns + span_ns
    if until_ns <= now_ns:
        raise WrongUsage(f"{name} is `{plain(given, 40)}`, which lies not after {format_ns(now_ns)}. Give a later end.")
    if until_ns > now_ns + LONGEST_DAYS * _DAY_NS:
        raise WrongUsage(
            f"{name} is `{plain(given, 40)}`, which is more than {LONGEST_DAYS} days away. Give an earlier end: "
            "what is muted longer is forgotten."
        )
    return until_ns


def mute(  # noqa: PLR0913 - one argument an option of the contract
    config: Config, *, window: Window, now_ns: int, choose: pipeline.Choose, until_ns: int, made_at_ns: int, reason: str
) -> MuteResult:
    """A finding of the window put away until an instant; stored, its reason redacted."""
    from classifiers.lifecycle.muted_rows import add_mute  # noqa: PLC0415 - keeps `--help` quick

    found, findings = pipeline.chosen(config, window=window, now_ns=now_ns, choose=choose)
    made, replaced = add_mute(
        Store(config.store), found, until_ns=until_ns, made_at_ns=made_at_ns, reason=_redacted(config, reason)
    )
    return MuteResult(made, replaced, findings)


def lift(config: Config, *, window: Window, name: str, made_at_ns: int) -> tuple[Mute, ...]:
    """The mutes of that id lifted, or those that put away the finding of that id in the window."""
    from classifiers.lifecycle.muted_rows import lift_mute  # noqa: PLC0415 - keeps `--help` quick

    wanted = name.strip()
    try:
        return lift_mute(Store(config.store), (wanted,), made_at_ns=made_at_ns)
    except ConfigError:
        findings = pipeline.analyse(config, window=window, now_ns=window.end_ns)
        own = [one for one in findings.mutes if any(known.startswith(wanted) for known in one.finding_ids if wanted)]
        if not own:
            raise
    return lift_mute(Store(config.store), [one.mute_id for one in own], made_at_ns=made_at_ns)


def _redacted(config: Config, reason: str) -> str:
    if not reason.strip():
        return ""
    return redactor_of(config).text(reason.strip())
