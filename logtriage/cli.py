"""The command line: parses words, hands them to acts/, and turns errors into one plain line and an exit code.

Exit codes: 0 done, 1 failed, 2 usage, 3 `--fail-on` matched, 130 interrupted.
"""

import contextlib
import gc
import logging
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer

from collector.errors import LogtriageError, WrongUsage
from logtriage import __version__
from logtriage.demo.names import SCENARIO_NAMES

__all__ = ["app", "main", "run"]

EVERYDAY, MORE = "Everyday", "More"
EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_MATCHED = 0, 1, 2, 3
# Made before they are looked through for cycles. By the usual 700 that takes a tenth of what a report does: it loads
# modules and makes records, which all stay.
_OBJECTS_LOOKED_THROUGH = 100_000
# The root of all wrong usage; Typer exports only this leaf.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    help="Says which Cloud Run revision broke staging, what changed in it, what it dragged down, and how it knows.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    pretty_exceptions_enable=False,
)

# `readable=False` turns off a check of Typer's: who cannot read a file is told so by the code that opens it.
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", readable=False, help="Settings; else LOGTRIAGE_CONFIG, ./config.yaml, or none."),
]
DbOption = Annotated[
    Path | None, typer.Option("--db", readable=False, help="Database file; else LOGTRIAGE_DB, or store.path.")
]
SinceOption = Annotated[
    str | None, typer.Option(help="Start: a time (2026-09-14T20:00Z) or how far before --until (24h, 90m, 7d).")
]
UntilOption = Annotated[str | None, typer.Option(help="End, and the `now` of the analysis: a time or a duration ago.")]


def _acts(theme: str) -> Any:
    """The module of logtriage/acts that does the work; it imports polars and DuckDB, so `--help` must not."""
    return import_module(f"logtriage.acts.{theme}")  # see above: start to first output below 0.4 s


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - the signature of an option's callback
    if wanted:
        typer.echo(f"logtriage {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Options before the command."""


@app.command(rich_help_panel=EVERYDAY)
def init(
    *,
    project: Annotated[
        str | None, typer.Option(help="Project id; else GOOGLE_CLOUD_PROJECT, the credentials' own, or gcloud's.")
    ] = None,
    location: Annotated[list[str] | None, typer.Option(help="Only this region, again for more. Else all.")] = None,
    output: Annotated[Path, typer.Option(readable=False, help="The file to write.")] = Path("config.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite that file.")] = False,
    no_input: Annotated[
        bool, typer.Option("--no-input", help="Ask nobody: leave what is not found to be filled in.")
    ] = False,
) -> None:
    """Look around in a project of Google Cloud and write config.yaml: what can be read, and what is lacking."""
    _acts("setting_up").act_init(
        project=project, locations=location or (), output=output, force=force, no_input=no_input
    )


@app.command(rich_help_panel=EVERYDAY)
def report(  # noqa: PLR0913 - one argument an option of the contract
    *,
    since: SinceOption = None,
    until: UntilOption = None,
    service: Annotated[str | None, typer.Option(help="Only incidents that touch this service.")] = None,
    form: Annotated[
        Literal["terminal", "markdown", "html", "json"] | None,
        typer.Option("--format", help="How to tell; else by the end of --output (.html, .md, .json), else terminal."),
    ] = None,
    output: Annotated[Path | None, typer.Option(readable=False, help="Write to this file instead of stdout.")] = None,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Tell what is wrong: which revision, what changed, who is hit, how sure, what to do."""
    _acts("reporting").act_report(config, db, since=since, until=until, service=service, form=form, output=output)


@app.command(rich_help_panel=EVERYDAY)
def show(  # noqa: PLR0913 - one argument an option of the contract
    cluster: Annotated[
        str,
        typer.Argument(metavar="CLUSTER", help="Number of an incident, or id of any finding, signature or template."),
    ],
    *,
    every: Annotated[bool, typer.Option("--all", help="All its entries, not only the first and the last.")] = False,
    form: Annotated[
        Literal["terminal", "markdown", "json"], typer.Option("--format", help="How to tell.")
    ] = "terminal",
    since: SinceOption = None,
    until: UntilOption = None,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Tell one finding with all its evidence, why its entries are one failure, and commands to copy."""
    _acts("showing").act_show(config, db, name=cluster, since=since, until=until, is_all=every, form=form)


@app.command(rich_help_panel=EVERYDAY)
def diff(  # noqa: PLR0913 - one argument an option of the contract
    before: Annotated[
        str, typer.Argument(metavar="REV_A", help="Revision before: its name, 00042-abc, 42, or a service.")
    ],
    after: Annotated[str, typer.Argument(metavar="REV_B", help="Revision after, named in the same ways.")],
    *,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            help="Exit 3 when one holds: removed-env, new-cluster, rate, lost-edge, new-edge (a step inside traces), "
            "unknown (one of them cannot be told), any, or a type of change (env_removed, image, ...); with commas or "
            "repeated."
        ),
    ] = None,
    form: Annotated[
        Literal["terminal", "markdown", "json"], typer.Option("--format", help="How to tell.")
    ] = "terminal",
    since: SinceOption = None,
    until: UntilOption = None,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Compare two revisions: what changed in their configuration, and what failed on each of them."""
    matched = _acts("reading").act_diff(
        config, db, before=before, after=after, fail_on=fail_on or (), since=since, until=until, form=form
    )
    if matched:
        raise typer.Exit(EXIT_MATCHED)


@app.command(rich_help_panel=EVERYDAY)
def daemon(
    *,
    once: Annotated[bool, typer.Option("--once", help="One cycle, then end.")] = False,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Collect, analyse and post the digest on a schedule."""
    _acts("telling").act_daemon(config, db, once=once)


@app.command(rich_help_panel=EVERYDAY)
def demo(
    *,
    scenario: Annotated[str, typer.Option(help=f"Which incident: {', '.join(SCENARIO_NAMES)}.")] = "secret_lost",
    seed: Annotated[
        int, typer.Option(min=-(2**63), max=2**63 - 1, help="Another seed, other names, times and wordings.")
    ] = 1,
    folder: Annotated[Path, typer.Option(readable=False, help="Where its files go.")] = Path("logtriage-demo"),
    config: ConfigOption = None,
) -> None:
    """Build a bundled incident offline and tell it: no account, no network."""
    _acts("filling").act_demo(config, scenario=scenario, seed=seed, folder=folder)


@app.command(rich_help_panel=MORE)
def doctor(
    *,
    store: Annotated[
        bool, typer.Option("--store", help="Look at the whole database too: its blocks, rows and sums.")
    ] = False,
    repair: Annotated[bool, typer.Option("--repair", help="The same, and mend what can be mended.")] = False,
    form: Annotated[Literal["terminal", "json"], typer.Option("--format", help="How to tell.")] = "terminal",
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Check settings, credentials, permissions, quota, clock, store, receiver and channels, each with what to do."""
    if not _acts("setting_up").act_doctor(config, db, form=form, is_whole_store=store, repair=repair):
        raise typer.Exit(EXIT_FAILED)


@app.command("import", rich_help_panel=MORE)
def import_(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files or folders; kind found by content.")],
    *,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Read dumps: LogEntry JSON in any form (.gz too), OTLP traces, `gcloud run ... describe` JSON."""
    _acts("filling").act_import(config, db, paths=paths)


@app.command(rich_help_panel=MORE)
def collect(
    *,
    since: Annotated[str | None, typer.Option(help="Reach back to a time or a duration, beyond the cursor.")] = None,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Pull all configured sources once."""
    _acts("filling").act_collect(config, db, since=since)


@app.command(rich_help_panel=MORE)
def receive(
    *,
    http: Annotated[
        str | None, typer.Option(metavar="ADDRESS:PORT", help="OTLP over HTTP; else receive.http; port 0: a free one.")
    ] = None,
    grpc: Annotated[str | None, typer.Option(metavar="ADDRESS:PORT", help="OTLP over gRPC; else receive.grpc.")] = None,
    without_token: Annotated[
        bool,
        typer.Option("--without-token", help="Listen to other machines without LOGTRIAGE_RECEIVE_TOKEN."),
    ] = False,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Take spans (OTLP) until it is stopped; without addresses at 127.0.0.1:4318 (HTTP) and 127.0.0.1:4317 (gRPC)."""
    _acts("filling").act_receive(config, db, http=http, grpc=grpc, without_token=without_token)


@app.command(rich_help_panel=MORE)
def revisions(
    service: Annotated[str | None, typer.Argument(metavar="SERVICE", help="Only this service.")] = None,
    *,
    since: Annotated[str | None, typer.Option(help="Only since a time or a duration; else all that is known.")] = None,
    form: Annotated[
        Literal["terminal", "markdown", "json"], typer.Option("--format", help="How to tell.")
    ] = "terminal",
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """The change ledger: deploys, traffic, roll-backs, and changes that are no deploy."""
    _acts("reading").act_revisions(config, db, service=service, since=since, form=form)


@app.command(rich_help_panel=MORE)
def check(  # noqa: PLR0913 - one argument an option of the contract
    file: Annotated[str, typer.Argument(metavar="FILE.md", help="A written analysis as text or Markdown; `-`: stdin.")],
    *,
    fail_on: Annotated[
        Literal["contradicted"] | None, typer.Option(help="Exit 3 when a claim is contradicted.")
    ] = None,
    form: Annotated[
        Literal["terminal", "markdown", "json"], typer.Option("--format", help="How to tell.")
    ] = "terminal",
    since: SinceOption = None,
    until: UntilOption = None,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Hold the claims of a written analysis against what is stored: confirmed, contradicted or cannot tell."""
    if _acts("reading").act_check(config, db, file=file, since=since, until=until, form=form, fail_on=fail_on):
        raise typer.Exit(EXIT_MATCHED)


@app.command(rich_help_panel=MORE)
def verify(  # noqa: PLR0913 - one argument an option of the contract
    finding: Annotated[
        str | None,
        typer.Argument(
            metavar="FINDING", help="Number of an incident, or id of a finding; else all that has criteria."
        ),
    ] = None,
    *,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            help="Exit 3 when a criterion is failing (the default), not-yet or not-testable; with commas or repeated; "
            "none: never."
        ),
    ] = None,
    form: Annotated[
        Literal["terminal", "markdown", "json"], typer.Option("--format", help="How to tell.")
    ] = "terminal",
    since: SinceOption = None,
    until: UntilOption = None,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Test what is mended: attempts of each failing call since the fix, how many are needed, and about when."""
    wanted = ("failing",) if fail_on is None else fail_on
    if _acts("proving").act_verify(config, db, name=finding, since=since, until=until, form=form, fail_on=wanted):
        raise typer.Exit(EXIT_MATCHED)


@app.command(rich_help_panel=MORE)
def digest(  # noqa: PLR0913 - one argument an option of the contract
    *,
    since: SinceOption = None,
    until: UntilOption = None,
    to: Annotated[
        list[str] | None, typer.Option(help="Name or kind of a channel, again for more. Else all of digest.channels.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent; store and send nothing.")
    ] = False,
    form: Annotated[Literal["terminal", "json"], typer.Option("--format", help="Of --dry-run.")] = "terminal",
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Tell channels what changed, one message an incident; nothing to say, nothing sent."""
    _acts("telling").act_digest(config, db, since=since, until=until, to=to or (), dry_run=dry_run, form=form)


@app.command(rich_help_panel=MORE)
def settle(  # noqa: PLR0913 - one argument an option of the contract
    cluster: Annotated[
        str, typer.Argument(metavar="CLUSTER", help="Number of an incident, or id of a cluster, signature or template.")
    ],
    outcome: Annotated[
        Literal["right", "wrong", "open"] | None,
        typer.Argument(
            metavar="[right|wrong]",
            help="Whether its verdict was right; `open` takes your word back; without it, what was told and settled.",
        ),
    ] = None,
    *,
    revision: Annotated[
        str | None, typer.Option(help="The verdict that blames this revision, where several were told.")
    ] = None,
    note: Annotated[str, typer.Option(help="Why; secrets and addresses are redacted.")] = "",
    since: SinceOption = None,
    until: UntilOption = None,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Say whether a verdict was right: the report prints its own record."""
    _acts("saying").act_settle(
        config, db, name=cluster, outcome=outcome, revision=revision, note=note, since=since, until=until
    )


@app.command(rich_help_panel=MORE)
def mute(  # noqa: PLR0913 - one argument an option of the contract
    finding: Annotated[
        str | None,
        typer.Argument(metavar="FINDING", help="Number of an incident, or id of any finding, signature or template."),
    ] = None,
    *,
    duration: Annotated[
        str | None, typer.Option("--for", help="For how long: 12h, 7d (unless said otherwise), at most 90d.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Until when, instead of --for: 2026-09-30T08:00Z.")] = None,
    why: Annotated[str, typer.Option(help="The reason; secrets and addresses are redacted.")] = "",
    listed: Annotated[
        bool, typer.Option("--list", help="What is muted, until when and why, and what woke it.")
    ] = False,
    lift: Annotated[
        str | None, typer.Option(metavar="ID", help="Take a mute back, by its id or its finding's.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Start of the window that FINDING is of.")] = None,
    at: Annotated[
        str | None, typer.Option(help="End of that window, and when it is said: a time or a duration ago.")
    ] = None,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Put a failure away for a time: its exact signatures; another variant wakes it."""
    _acts("muting").act_mute(
        config,
        db,
        name=finding,
        duration=duration,
        until=until,
        why=why,
        is_list=listed,
        lifted=lift,
        since=since,
        at=at,
    )


@app.command(rich_help_panel=MORE)
def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT over entries, spans, facts, ...")],
    *,
    form: Annotated[
        Literal["table", "csv", "json"] | None,
        typer.Option("--format", help="Table on a terminal, CSV in a pipe, or JSON lines."),
    ] = None,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Run read-only SQL over the store."""
    _acts("querying").act_query(config, db, sql=sql, form=form)


@app.command(rich_help_panel=MORE)
def regroup(
    *,
    preview: Annotated[
        bool, typer.Option("--preview", help="Change nothing; also list what reads alike, with lines to paste.")
    ] = False,
    form: Annotated[
        Literal["terminal", "markdown", "json"], typer.Option("--format", help="How to tell.")
    ] = "terminal",
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Replay the rules of config.yaml over all history, and sign it anew when logtriage's own rules have changed."""
    _acts("saying").act_regroup(config, db, is_preview=preview, form=form)


@app.command(rich_help_panel=MORE)
def prune(
    *,
    older_than: Annotated[
        str | None, typer.Option(help="Take away what is older: 30d, or a time; else retention.days.")
    ] = None,
    max_size: Annotated[
        str | None, typer.Option(help="Largest size of the file: 5GiB; else retention.max_size_gib.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Take away entries and spans that are too old or too many, and make the file smaller."""
    _acts("keeping").act_prune(config, db, older_than=older_than, max_size=max_size, is_dry=dry_run)


@app.command(rich_help_panel=MORE)
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="Where the copy goes.")],
    *,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Copy the store, in use or not, and check the copy; its key, a secret, goes with it."""
    _acts("keeping").act_backup(config, db, file=file)


@app.command(rich_help_panel=MORE)
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="What `backup` wrote.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="In the place of a store; that is kept beside it.")] = False,
    db: DbOption = None,
    config: ConfigOption = None,
) -> None:
    """Put a backup in the place of the store, while no daemon runs."""
    _acts("keeping").act_restore(config, db, file=file, is_forced=force)


def main() -> NoReturn:
    """The entry point: one command, never a traceback.

    The process ends without taking its memory apart object by object: the system does that at once, the interpreter in
    a tenth of a second.
    """
    code = EXIT_FAILED
    gc.set_threshold(_OBJECTS_LOOKED_THROUGH)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for them reads all installed packages
    os.umask(0o077)  # what is made is this account's alone: databases, logs, locks, reports
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever began us: the next file opened must not take its place
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the process ends
    try:
        run()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else EXIT_FAILED
    except BaseException as error:  # noqa: BLE001 - the edge of the process: told in one line
        _tell_fault(error)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


def run() -> NoReturn:
    """One command, as `sys.argv` tells it; ends in SystemExit. A fault of our own goes up as it is."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that knows few characters is no reason to fail
    command: Any = typer.main.get_command(app)  # calling `app` would put an excepthook of its own
    try:
        code = command(prog_name="logtriage", standalone_mode=False)
    except LogtriageError as error:
        _fail(str(error), code=EXIT_USAGE if isinstance(error, WrongUsage) else EXIT_FAILED)
    except _UsageError as error:
        from logtriage.usage import usage_line  # noqa: PLC0415 - only a wrong command line needs it

        _fail(usage_line(error, sys.argv[1:], tuple(command.commands)), code=EXIT_USAGE)
    except OSError as error:
        _fail(f"{error.strerror or type(error).__name__}: `{error.filename or 'stdout'}`. Check the disk and the path.")
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            sys.exit(EXIT_DONE)  # whoever read stdout has seen enough; of connections their sources and channels tell
        raise
    sys.exit(code if isinstance(code, int) else EXIT_DONE)


def _fail(message: str, *, code: int = EXIT_FAILED) -> NoReturn:
    """A line for each mistake on stderr, without anything a terminal would obey."""
    from logtriage.escape import plain  # noqa: PLC0415 - only a failure needs it

    for line in message.splitlines():
        sys.stderr.write(f"{plain(line)}\n")
    sys.exit(code)


def _tell_fault(error: BaseException) -> None:
    """A fault of our own in one line; with LOGTRIAGE_TRACEBACK set, in full."""
    if os.environ.get("LOGTRIAGE_TRACEBACK"):
        traceback.print_exception(error)
        return
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    sys.stderr.write(
        f"Internal fault: {type(error).__name__} at {place}. Set LOGTRIAGE_TRACEBACK=1 to see all of it, "
        "and report it.\n"
    )


if __name__ == "__main__":
    main()
