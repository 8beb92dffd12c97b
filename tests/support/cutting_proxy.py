"""A TCP forwarder on loopback that can break a connection in the middle of an answer."""

import contextlib
import socket
import threading

__all__ = ["CuttingProxy"]


class CuttingProxy:
    """Forwards 127.0.0.1:port to target_port; after `cut_after(n)` both ends are closed n answered bytes later."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._left: int | None = None
        self._open: set[socket.socket] = set()
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, answered_bytes: int) -> None:
        with self._lock:
            self._left = answered_bytes

    def close(self) -> None:
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in list(self._open):
            _hang_up(end)

    def _accept(self) -> None:
        while not self._closed:
            try:
                caller, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target_port))
            except OSError:
                return
            self._open |= {caller, server}
            for source, target, is_answer in ((caller, server, False), (server, caller, True)):
                threading.Thread(target=self._forward, args=(source, target, is_answer), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:  # noqa: FBT001 - a thread's argument
        with contextlib.suppress(OSError):
            while chunk := source.recv(65_536):
                allowed = self._allowed(len(chunk)) if is_answer else len(chunk)
                target.sendall(chunk[:allowed])
                if allowed < len(chunk):
                    break
        for end in (source, target):
            self._open.discard(end)
            _hang_up(end)

    def _allowed(self, size: int) -> int:
        """How many of these bytes still go through."""
        with self._lock:
            if self._left is None:
                return size
            if size <= self._left:
                self._left -= size
                return size
            allowed, self._left = self._left, None
            return allowed


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
