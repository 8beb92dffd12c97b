"""A mail server on loopback: real SMTP over sockets, with STARTTLS, TLS and a login, that fails where it is told to."""

import base64
import contextlib
import datetime as dt
import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["DROP", "MailServer", "make_certificate", "serve_mail"]

DROP = "drop"  # the line is cut instead of an answer


@dataclass
class MailServer:
    """Its port, what it took, and what it answers instead of its usual words.

    faults: verb (`EHLO`, `AUTH`, `MAIL`, `RCPT`, `DATA`, `END` for the end of a mail) to answers, one each time; "" is
    the usual one. `END` with DROP takes the mail and cuts the line.
    """

    port: int = 0
    login: tuple[str, str] = ("", "")  # asked for where it is set
    faults: dict[str, list[str]] = field(default_factory=dict)
    taken: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    sealed: list[bool] = field(default_factory=list)  # whether each mail came over TLS


class _Session(socketserver.StreamRequestHandler):
    mails: MailServer
    context: ssl.SSLContext | None = None
    is_tls_first = False

    def setup(self) -> None:
        if self.is_tls_first and self.context is not None:
            self.request = self.context.wrap_socket(self.request, server_side=True)
        super().setup()
        self.is_sealed = self.is_tls_first
        self.is_known = not self.mails.login[0]
        self.sender, self.to = "", list[str]()

    def handle(self) -> None:
        self._say("220 mail.test ESMTP")
        with contextlib.suppress(OSError, ConnectionError, ssl.SSLError):
            while line := self.rfile.readline():
                verb, _, rest = line.decode().strip().partition(" ")
                self.mails.verbs.append(verb.upper())
                if not self._answer(verb.upper(), rest):
                    return

    def finish(self) -> None:
        for end in (self.wfile, self.rfile, self.connection):
            with contextlib.suppress(OSError, ValueError):
                end.close()  # a sealed line is no longer the socket that the server itself closes

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
        self.wfile.flush()

    def _fault(self, verb: str) -> str:
        script = self.mails.faults.get(verb, [])
        return script.pop(0) if script else ""

    def _answer(self, verb: str, rest: str) -> bool:
        """Whether the session goes on."""
        fault = self._fault(verb)
        if fault == DROP or verb == "QUIT":
            return False
        if fault:
            self._say(fault)
            return True
        if verb == "STARTTLS":
            return self._seal()
        said = getattr(self, f"_{verb.lower()}", lambda _rest: "502 5.5.1 not known")(rest)
        if said == DROP:
            return False
        self._say(said)
        return True

    def _ehlo(self, _rest: str) -> str:
        more = ["250-STARTTLS"] if self.context is not None and not self.is_sealed else []
        more += ["250-AUTH PLAIN"] if self.mails.login[0] else []
        return "\r\n".join(["250-mail.test", *more, "250 8BITMIME"])

    def _seal(self) -> bool:
        assert self.context is not None
        self._say("220 2.0.0 go ahead")
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        self.is_sealed = True
        return True

    def _auth(self, rest: str) -> str:
        _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
        self.is_known = (user, password) == self.mails.login
        return "235 2.7.0 welcome" if self.is_known else f"535 5.7.8 bad password {password}"

    def _mail(self, rest: str) -> str:
        if not self.is_known:
            return "530 5.7.0 log in first"
        self.sender, self.to = rest.split(":", 1)[1].split(maxsplit=1)[0].strip("<>"), []
        return "250 2.1.0 ok"

    def _rcpt(self, rest: str) -> str:
        self.to.append(rest.split(":", 1)[1].split(maxsplit=1)[0].strip("<>"))
        return "250 2.1.5 ok"

    def _data(self, _rest: str) -> str:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b".") else line)
        fault = self._fault("END")
        if fault in {"", DROP}:
            self.mails.taken.append(message_from_bytes(b"".join(lines), policy=default))
            self.mails.envelopes.append((self.sender, tuple(self.to)))
            self.mails.sealed.append(self.is_sealed)
        return fault or "250 2.0.0 taken"

    def _noop(self, _rest: str) -> str:
        return "250 2.0.0 ok"

    def _rset(self, _rest: str) -> str:
        return "250 2.0.0 ok"


class _Server(socketserver.ThreadingTCPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a client that refuses a certificate is expected."""


@contextlib.contextmanager
def serve_mail(*, certificate: Path | None = None, is_tls_first: bool = False, **settings: Any) -> Iterator[MailServer]:
    """The server, in a thread, until the block ends; `certificate`: PEM with its key, offers STARTTLS."""
    mails = MailServer(**settings)
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    handler = type("Session", (_Session,), {"mails": mails, "context": context, "is_tls_first": is_tls_first})
    server = _Server(("127.0.0.1", 0), handler, bind_and_activate=True)
    server.daemon_threads = True
    mails.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield mails
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_certificate(path: Path) -> Path:
    """A certificate of 127.0.0.1 that is its own authority, with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path
