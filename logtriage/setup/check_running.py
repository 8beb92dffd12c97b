"""Checks of what runs and listens: the daemon, its receiver and its health."""

from collections.abc import Iterator
from contextlib import closing

from collector.receiver.config import Address, bind, check_open
from collector.receiver.tokens import read_token
from logtriage.config import Config
from logtriage.errors import ConfigError
from logtriage.escape import plain
from logtriage.setup.check_place import daemon_of
from logtriage.setup.checks import Check, of_error
from logtriage.telemetry.config import check_closed

__all__ = ["check_running"]

_TIMEOUT_S = 3.0
_OK = 200


def check_running(config: Config) -> Iterator[Check]:
    """Whether the daemon runs, and whether what it listens on is its own and closed to others."""
    pid = daemon_of(config.store.path)
    if pid is None:
        yield Check("daemon", "ok", "does not run on this database", "Run `logtriage daemon` to keep it up to date.")
    else:
        yield Check("daemon", "ok", f"runs{f' (process {pid})' if pid else ''}")
    yield from _receiver(config, is_running=pid is not None)
    yield from _health(config, is_running=pid is not None)


def _receiver(config: Config, *, is_running: bool) -> Iterator[Check]:
    if not config.receive.is_on:
        return
    token = read_token()
    try:
        check_open(config.receive, token=token)
    except ConfigError as error:
        yield of_error("receiver", error)
        return
    for text in filter(None, (config.receive.http, config.receive.grpc)):
        address = Address.parse(text)
        try:
            is_here = address.is_loopback
            who = (
                "this machine alone reaches it" if is_here else "others need the token" if token else "others reach it"
            )
            with closing(bind(address, option="section receive")):
                yield _open_to(address, f"`{address}` is free; {who}", is_open=not is_here and not token)
        except ConfigError as error:
            if is_running and "in use" in str(error):
                yield _open_to(
                    address, f"`{address}` is taken, as the daemon runs; {who}", is_open=not is_here and not token
                )
            else:
                yield of_error("receiver", error)


def _open_to(address: Address, told: str, *, is_open: bool) -> Check:
    if is_open:
        todo = f"Set LOGTRIAGE_RECEIVE_TOKEN, or listen at 127.0.0.1:{address.port}."
        return Check("receiver", "warn", told, todo)
    return Check("receiver", "ok", told)


def _health(config: Config, *, is_running: bool) -> Iterator[Check]:
    """What the daemon says of itself, where section telemetry gives it an address."""
    text = config.telemetry.health
    if text is None:
        return
    try:
        check_closed(config.telemetry)
    except ConfigError as error:
        yield of_error("health", error)
    import httpx  # noqa: PLC0415 - only who asks pays for the import

    try:
        answer = httpx.get(f"http://{Address.parse(text)}/healthz", timeout=_TIMEOUT_S)
    except httpx.HTTPError as error:
        if is_running:
            yield Check(
                "health",
                "fail",
                f"`{plain(text, 80)}` does not answer ({type(error).__name__})",
                "See the daemon's log.",
            )
        else:
            yield Check("health", "ok", f"`{plain(text, 80)}` answers while the daemon runs")
        return
    if answer.status_code == _OK:
        yield Check("health", "ok", f"`{plain(text, 80)}` says that the daemon does its work")
    else:
        yield Check("health", "fail", f"`{plain(text, 80)}` says: {plain(answer.text, 200)}", "See the daemon's log.")
