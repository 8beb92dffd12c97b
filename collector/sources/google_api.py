"""What every Google source shares: how it connects, who it is, and how its refusals read in plain words."""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from collector.errors import LogtriageError, SourceError, SourceTrouble, SourceUnavailable
from collector.other_clocks import hearing_channel
from collector.sources.base import SourceConfig
from collector.sources.patience import CallLimits, one_line

if TYPE_CHECKING:
    from collector.records import RawBatch

__all__ = [
    "GoogleSourceConfig",
    "Permission",
    "default_credentials",
    "default_login",
    "from_each",
    "is_loopback_host",
    "open_transport",
    "plain_refusal",
]

_NO_LOGIN = (
    "Run `gcloud auth application-default login`, "
    "or set GOOGLE_APPLICATION_CREDENTIALS to the path of a credentials file."
)

_WORST: tuple[SourceTrouble, ...] = ("permission", "quota", "source")  # what a person has to mend comes first


class GoogleSourceConfig(SourceConfig):
    """Keys that all Google sources have; `endpoint` is for private endpoints only."""

    deadline_s: float = Field(default=60.0, gt=0, le=3600)  # of one call
    patience_s: float = Field(default=300.0, ge=0, le=86_400)  # of one call with all its repetitions
    endpoint: str = ""  # host:port; empty is the service's public one
    insecure: bool = False  # plain text without login; loopback only

    @model_validator(mode="after")
    def _plain_text_stays_here(self) -> "GoogleSourceConfig":
        if self.insecure and not _is_loopback(self.endpoint):
            message = f"insecure is true, but endpoint `{self.endpoint}` is no loopback address such as 127.0.0.1:8080"
            raise ValueError(message)
        return self

    @property
    def limits(self) -> CallLimits:
        """Deadline and patience of a call."""
        return CallLimits(deadline_s=self.deadline_s, patience_s=self.patience_s)


class Permission:
    """What a call needs: the permission, a role that has it, and the API that must be switched on."""

    def __init__(self, permission: str, *, role: str, api: str) -> None:
        self.permission = permission
        self.role = role
        self.api = api


@contextmanager
def open_transport(transport_class: Any, config: GoogleSourceConfig, *, scopes: Sequence[str]) -> Iterator[Any]:
    """A transport of a generated Google client, closed at the end.

    Logs in with application default credentials; SourceError in one line when there are none.
    """
    _keep_payloads_out_of_logs()
    server = f"source {config.name}"
    if config.insecure:
        import grpc  # noqa: PLC0415 - slow import, wanted by this source only

        # grpc's own limit of 4 MiB is below one page: 1,000 entries of up to 256 KiB.
        channel = grpc.insecure_channel(config.endpoint, options=[("grpc.max_receive_message_length", -1)])
        transport = transport_class(channel=hearing_channel(channel, server))
    else:
        credentials = default_credentials(f"Source `{config.name}` cannot log in", scopes)
        host = config.endpoint or transport_class.DEFAULT_HOST
        transport = transport_class(
            host=host, credentials=credentials,
            channel=lambda *place, **keys: hearing_channel(transport_class.create_channel(*place, **keys), server),
        )  # fmt: skip
    try:
        yield transport
    finally:
        transport.close()


def plain_refusal(error: Any, *, who: str, resource: str, needs: Permission) -> SourceError:
    """A refusal that trying again cannot cure, as google.api_core raises it, in one line with what to do."""
    from google.api_core import exceptions  # noqa: PLC0415 - slow import, wanted by this source only

    said = f"`{one_line(error.message)}`"
    if isinstance(error, exceptions.Forbidden):
        if error.reason == "SERVICE_DISABLED":
            return SourceError(
                f"{who} is switched off ({said}). Run `gcloud services enable {needs.api}` in that project.",
                trouble="permission",
            )
        return SourceError(
            f"{who} may not be read: the account lacks `{needs.permission}` on `{resource}` ({said}). "
            f"Grant it, for example with the role `{needs.role}`.",
            trouble="permission",
        )
    if isinstance(error, exceptions.Unauthorized):
        return SourceError(f"{who} does not accept the login ({said}). {_NO_LOGIN}", trouble="permission")
    if isinstance(error, exceptions.NotFound):
        return SourceError(f"{who} does not exist ({said}). Correct the name in config.yaml.")
    return SourceError(f"{who} refused the request ({said}). Correct the source's settings in config.yaml.")


def default_credentials(who: str, scopes: Sequence[str], *, error: type[LogtriageError] = SourceError) -> Any:
    """Google's application default credentials; `error`, which begins with `who`, when there are none."""
    return default_login(who, scopes, error=error)[0]


def default_login(who: str, scopes: Sequence[str], *, error: type[LogtriageError] = SourceError) -> tuple[Any, str]:
    """The same with the project that they name, "" for none."""
    import google.auth  # noqa: PLC0415 - slow import, wanted by this source only
    from google.auth.exceptions import DefaultCredentialsError  # noqa: PLC0415 - as above

    try:
        credentials, project = google.auth.default(scopes=list(scopes))
    except DefaultCredentialsError as why:
        path = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
        if path:
            raise error(
                f"{who}: GOOGLE_APPLICATION_CREDENTIALS is `{path}`, which is no usable "
                "credentials file. Correct it, or unset it and run `gcloud auth application-default login`."
            ) from why
        raise error(f"{who}: there are no Google credentials here. {_NO_LOGIN}") from why
    return credentials, project or ""


def _is_loopback(endpoint: str) -> bool:
    return is_loopback_host(endpoint.rpartition(":")[0].strip("[]"))


def is_loopback_host(host: str) -> bool:
    """The name or address is of this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _keep_payloads_out_of_logs() -> None:
    """The generated clients log whole requests and answers at DEBUG, values of variables among them; never here."""
    for name in ("google", "google.cloud.logging_v2", "google.cloud.run_v2", "google.cloud.trace_v1"):
        logger = logging.getLogger(name)
        if logger.getEffectiveLevel() < logging.INFO:
            logger.setLevel(logging.INFO)


def from_each(pulls: "Iterable[Iterator[RawBatch]]") -> "Iterator[RawBatch]":
    """The batches of several pulls, one after the other.

    One that fails does not keep the others from being read. Raises one error for all at the end, retryable only when
    all of them are.
    """
    failures: list[SourceError] = []
    for pull in pulls:
        try:
            yield from pull
        except SourceError as error:
            failures.append(error)
    if failures:
        message = " ".join(str(failure) for failure in failures)
        is_retryable = all(failure.is_retryable for failure in failures)
        kind = SourceUnavailable if is_retryable else SourceError
        raise kind(message, trouble=min((one.trouble for one in failures), key=_WORST.index)) from failures[0]
