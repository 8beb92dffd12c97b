"""What a running daemon tells of itself to observers and probes. No I/O."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct, field

from logtriage.probes import ClockLook, ReceiverLook, ServersLook

if TYPE_CHECKING:
    from collector.receiver.intake import Counts
    from logtriage.jobs import Observer

__all__ = ["Inside"]


class Inside(Struct):
    """Read by other threads than the one that runs jobs. `receiver`: gives what the receiver took, None without one."""

    receiver: "Callable[[], Counts | None]" = lambda: None
    receiver_look: ReceiverLook = field(default_factory=ReceiverLook)  # of the watch, which remembers its last look
    clock_look: ClockLook = field(default_factory=ClockLook)
    servers_look: ServersLook = field(default_factory=ServersLook)
    telemetry: "Observer | None" = None  # is told of each run, too
    config_fault: str = ""  # why the file of settings that lies there now is not used; "" when it is
