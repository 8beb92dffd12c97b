"""E-mail over SMTP: one mail for each word on an incident, in a thread of its own, as plain text and as HTML.

A mail cannot be looked up or edited: new figures are not mailed, and what may have been taken is sent again with the
same Message-ID, which most servers and readers show once, and with a line that says so. Every header is made by the
standard library's policy, which refuses line breaks; log text goes into them as one plain line.
RFC 5321 (replies), RFC 5322 (Message-ID, References), RFC 3834 (Auto-Submitted).
"""

import re
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct
from pydantic import Field, field_validator, model_validator

from collector.secret import SECRET_PATTERN, VARIABLE_PATTERN, read_secret
from collector.sources.google_api import is_loopback_host
from logtriage.errors import ConfigError
from logtriage.message import Message
from logtriage.notifiers.channel import ChannelConfig, Heard, Place, Step
from logtriage.notifiers.mail_text import ADDRESS, mail_of
from logtriage.notifiers.smtp import Server, send_mail

__all__ = ["Email", "EmailConfig", "open_email"]

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class EmailConfig(ChannelConfig):
    """A mail server and who gets the mails. `security: none` is for a relay on this very machine."""

    kind: Literal["email"] = "email"
    host: str = Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:-]+$")
    port: int = Field(default=0, ge=0, le=65_535)  # 0: 587 for starttls, 465 for tls, 25 for none
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: str = Field(default="", max_length=1000)  # of a mail server whose certificate the system does not know
    user_env: str = Field(default="", pattern=VARIABLE_PATTERN)  # variable that holds the login; "" logs in nowhere
    password_env: str = Field(default="LOGTRIAGE_EMAIL_PASSWORD", pattern=VARIABLE_PATTERN)
    password_secret: str = Field(default="", pattern=SECRET_PATTERN)  # in Secret Manager, instead of the variable
    sender: str = Field(alias="from", pattern=ADDRESS, max_length=254)
    to: tuple[str, ...] = Field(min_length=1, max_length=50)
    timeout_s: float = Field(default=30.0, gt=0, le=600)

    @field_validator("to")
    @classmethod
    def _are_addresses(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        """Plain addresses, so that none can carry a header or a second one."""
        if not all(re.fullmatch(ADDRESS, one) for one in to):
            raise ValueError("each is a plain address such as team@example.org")
        return to

    @model_validator(mode="after")
    def _is_sealed(self) -> "EmailConfig":
        """Mails and passwords cross no network in the clear."""
        if self.security == "none" and not is_loopback_host(self.host):
            raise ValueError("security none is for 127.0.0.1 only; take starttls or tls")
        return self


class Email(Struct, frozen=True):
    """A mail server, ready to take mails from one sender to the same people."""

    name: str
    server: Server
    sender: str
    to: tuple[str, ...]

    @property
    def can_find(self) -> bool:
        """Never: a mail that was taken can be asked for nowhere."""
        return False

    def steps(self, message: Message, place: Place | None) -> tuple[Step, ...]:
        """A mail for the first word and for each change; none where only figures changed."""
        if place is None or message.act == "notice":
            return ("open",)
        return () if message.act == "edit" else ("reply",)

    def do(
        self, step: Step, message: Message, *, delivery_id: str, place: Place | None, is_repeat: bool,
        places: Mapping[str, Place],
    ) -> Place:  # fmt: skip
        """Sends one mail; the place is the Message-ID of the first of its thread."""
        del step, places
        thread = place.id if place is not None and message.act != "notice" else ""
        mail = mail_of(message, delivery_id=delivery_id, sender=self.sender, to=self.to, thread=thread,
                       is_repeat=is_repeat)  # fmt: skip
        send_mail(self.server, mail, sender=self.sender, to=self.to)
        return place if place is not None and thread else Place(str(mail["Message-ID"]))

    def find(
        self, step: Step, message: Message, *, delivery_id: str, place: Place | None, since_ns: int
    ) -> Place | None:
        """Nothing can be looked up."""
        del step, message, delivery_id, place, since_ns
        return None

    def hear(self, places: Mapping[str, Place], *, since_ns: int) -> Sequence[Heard]:
        """No mailbox is read."""
        del places, since_ns
        return ()


def open_email(config: EmailConfig) -> Email:
    """The channel that the config names; ConfigError when its password or its certificate is missing."""
    user, password = "", None
    if config.user_env:
        if config.security == "none":
            raise ConfigError(f"Channel `{config.name}`: a login crosses no open line. Take starttls or tls.")
        where = f"Channel `{config.name}` cannot log in"
        user = read_secret(env=config.user_env, where=where).reveal()
        password = read_secret(env=config.password_env, secret=config.password_secret, where=where)
    server = Server(
        config.name, config.host, config.port or _PORTS[config.security], config.security, _context(config), user,
        password, config.timeout_s,
    )  # fmt: skip
    return Email(config.name, server, config.sender, config.to)


def _context(config: EmailConfig) -> ssl.SSLContext:
    """Checks certificate and name; knows the config's own authority too."""
    if config.ca_file and not Path(config.ca_file).is_file():
        raise ConfigError(f"Channel `{config.name}`: ca_file `{config.ca_file}` is no file. Correct the path.")
    try:
        return ssl.create_default_context(cafile=config.ca_file or None)
    except ssl.SSLError as error:
        raise ConfigError(
            f"Channel `{config.name}`: ca_file `{config.ca_file}` holds no certificate. Give one as PEM."
        ) from error
