"""What the receiver is told by the command line, and what it tells: where it listens, and what came in."""

from typing import TYPE_CHECKING

from collector.receiver.config import GRPC_ADDRESS, HTTP_ADDRESS, Address, ReceiveConfig
from logtriage.errors import WrongUsage
from logtriage.escape import plain

if TYPE_CHECKING:
    from collector.receiver.intake import Counts
    from collector.receiver.receiver import Receiver

__all__ = ["listening_lines", "receive_settings", "received_line"]

_MIB = 2**20


def receive_settings(
    config: ReceiveConfig, *, http: str | None, grpc: str | None, without_token: bool
) -> ReceiveConfig:
    """The section with the options of the command line over it; where neither names an address, OTLP's own on loopback.

    WrongUsage when an address is none.
    """
    for name, text in (("--http", http), ("--grpc", grpc)):
        try:
            Address.parse(text or HTTP_ADDRESS)
        except ValueError as error:
            raise WrongUsage(f"{name} is `{plain(text, 80)}`; {error}. Correct the value.") from error
    given = {"http": http, "grpc": grpc} if http or grpc else {}
    if not given and not config.is_on:
        given = {"http": HTTP_ADDRESS, "grpc": GRPC_ADDRESS}
    return config.model_copy(update=given | ({"without_token": True} if without_token else {}))


def listening_lines(receiver: "Receiver") -> tuple[str, ...]:
    """Where it listens, as an exporter is told it."""
    lines = []
    if receiver.http is not None:
        lines.append(f"receiving OTLP over HTTP at http://{receiver.http}/v1/traces")
    if receiver.grpc is not None:
        lines.append(f"receiving OTLP over gRPC at {receiver.grpc}")
    return tuple(lines)


def received_line(counts: "Counts") -> str:
    """What came in so far."""
    waiting = f", {counts.waiting_bytes / _MIB:.1f} MiB wait" if counts.waiting_bytes else ""
    return f"{counts.ledger.stored:,} spans stored{waiting}"
