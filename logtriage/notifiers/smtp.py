"""One mail through one SMTP server, and for each failure whether the server may have taken it.

Up to the end of the mail nothing is taken: a lost line or a reply of 4xx leaves it to the next cycle, a reply of 5xx is
a refusal. Once the mail is on its way a lost answer is uncertain. What a server says is shown by its codes alone,
because its words may hold addresses.
"""

import logging
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP

from msgspec import Struct

from collector.secret import Secret
from logtriage.errors import NotifyError, NotifyUnavailable, NotifyUncertain

__all__ = ["Server", "greet", "send_mail"]

_log = logging.getLogger(__name__)
_GO_ON = 354
_REPLY_OK = range(200, 300)
_REPLY_LATER = range(400, 500)
_ENHANCED = re.compile(rb"\b[245]\.\d{1,3}\.\d{1,3}\b")


class Server(Struct, frozen=True):
    """Where mails go, and the login; `security` as in the config."""

    name: str  # of the channel, for people
    host: str
    port: int
    security: str
    context: ssl.SSLContext
    user: str = ""
    password: Secret | None = None
    timeout_s: float = 30.0

    def __repr__(self) -> str:
        return f"Server({self.name!r}, {self.host!r}, {self.port})"


def send_mail(server: Server, mail: EmailMessage, *, sender: str, to: tuple[str, ...]) -> None:
    """Returns when the server took the mail for at least one address.

    Raises NotifyUnavailable, NotifyUncertain or NotifyError, see the module.
    """
    payload = re.sub(rb"(?m)^\.", b"..", mail.as_bytes(policy=SMTP))
    with _before_it_is_taken(server):
        smtp = _connect(server)
    try:
        with _before_it_is_taken(server):
            _log_in(smtp, server)
            _expect(smtp.mail(sender), "the sender")
            _address(smtp, server, to)
            _expect(smtp.docmd("DATA"), "the mail", _GO_ON)
        _expect_taken(smtp, server, payload)
    finally:
        smtp.close()


def greet(server: Server) -> None:
    """Returns when the server answers and takes the login; no mail is sent. Raises as send_mail does."""
    with _before_it_is_taken(server):
        smtp = _connect(server)
    try:
        with _before_it_is_taken(server):
            _log_in(smtp, server)
            _expect(smtp.noop(), "the session")
    finally:
        smtp.close()


def _connect(server: Server) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=server.context)
    return smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)


def _log_in(smtp: smtplib.SMTP, server: Server) -> None:
    smtp.ehlo_or_helo_if_needed()
    if server.security == "starttls":
        smtp.starttls(context=server.context)
        smtp.ehlo()
    if server.password is not None:
        smtp.login(server.user, server.password.reveal())


def _address(smtp: smtplib.SMTP, server: Server, to: tuple[str, ...]) -> None:
    """Names who gets it. One that is refused for good is left out; one refused for now leaves all to the next cycle."""
    refused: list[int] = []
    for address in to:
        code, said = smtp.rcpt(address)
        if code in _REPLY_OK:
            continue
        if code in _REPLY_LATER or len(refused) == len(to) - 1:
            raise _Reply(code, said, "a recipient")
        refused.append(code)
    if refused:
        _log.warning("%s: %d of %d recipients are refused by the mail server; the others get it.",
                     server.name, len(refused), len(to))  # fmt: skip


def _expect_taken(smtp: smtplib.SMTP, server: Server, payload: bytes) -> None:
    """Sends the mail itself; a lost answer is uncertain."""
    end = b".\r\n" if payload.endswith(b"\r\n") else b"\r\n.\r\n"
    try:
        smtp.send(payload + end)
        reply = smtp.getreply()
    except (smtplib.SMTPException, OSError) as error:
        raise NotifyUncertain(
            f"{server.name}: the mail server's answer was lost, `{type(error).__name__}`; it may or may not have taken "
            "the mail. It is sent again with the same Message-ID."
        ) from None
    with _before_it_is_taken(server):
        _expect(reply, "the mail")


def _expect(reply: tuple[int, bytes], what: str, code: int | None = None) -> None:
    if not (reply[0] in _REPLY_OK if code is None else reply[0] == code):
        raise _Reply(*reply, what)


class _Reply(Exception):
    """A reply that is no consent."""

    def __init__(self, code: int, said: bytes, what: str) -> None:
        self.code, self.said, self.what = code, said, what


@contextmanager
def _before_it_is_taken(server: Server) -> Iterator[None]:
    """Failures of smtplib and of the line as those of a channel; nothing was taken."""
    try:
        yield
    except _Reply as reply:
        raise _refusal(server, reply.code, reply.said, reply.what) from None
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        what = "the login" if isinstance(error, smtplib.SMTPAuthenticationError) else "the session"
        raise _refusal(server, error.smtp_code, said, what) from None
    except smtplib.SMTPNotSupportedError:
        raise NotifyError(
            f"{server.name}: the mail server does not offer what is asked of it (STARTTLS, a login). "
            "Correct security or user_env."
        ) from None
    except ssl.SSLCertVerificationError as error:
        raise NotifyError(
            f"{server.name}: the mail server's certificate is not accepted, `{error.verify_message}`. "
            "Correct host, or name its authority with ca_file."
        ) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotifyUnavailable(
            f"{server.name}: the mail server was lost, `{type(error).__name__}`. The next cycle tries again."
        ) from None


def _refusal(server: Server, code: int, said: bytes, what: str) -> NotifyError:
    found = _ENHANCED.search(said)
    told = f"{code} {found[0].decode()}" if found else str(code)
    if code in _REPLY_LATER:
        return NotifyUnavailable(f"{server.name}: refuses {what} for now, `{told}`. The next cycle tries again.")
    return NotifyError(f"{server.name}: refuses {what} with `{told}`. Check the channel's settings.")
