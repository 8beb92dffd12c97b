"""Who asks Google, and for which project: application default credentials and what else this machine knows.

The address of a person is never shown in full; a service account is a name of a resource and is.
"""

import configparser
import os
import re
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from logtriage.errors import ConfigError, SourceError, SourceUnavailable, WrongUsage
from logtriage.escape import plain

__all__ = ["LOCATION", "LOGIN", "Login", "Project", "check_names", "find_login", "find_project", "shown_account"]

LOGIN = "run `gcloud auth application-default login`"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]*\Z")
LOCATION = re.compile(r"[a-z]+(-[a-z0-9]+)+\Z")
_SERVICE = ".gserviceaccount.com"
_PROJECT_VARIABLES = ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")


class Project(Struct, frozen=True):
    """A project id and where it was found, for people."""

    id: str
    found_in: str


class Login(Struct, frozen=True):
    """Credentials; `account` is "" where they do not name it."""

    credentials: Any
    account: str
    quota_project: str
    own_project: str

    def __repr__(self) -> str:
        return "Login(hidden)"

    @property
    def is_person(self) -> bool:
        """Not an account of a machine, as far as that is known."""
        return not self.account.endswith(_SERVICE) and hasattr(self.credentials, "refresh_token")

    @property
    def shown(self) -> str:
        """The account for people."""
        if self.account:
            return shown_account(self.account)
        return "a person whom the credentials do not name" if self.is_person else "an account without a name"

    @property
    def member(self) -> str:
        """The account as gcloud takes it in a policy, quoted for a shell; a person's address is left to gcloud."""
        if self.account.endswith(_SERVICE):
            return f"serviceAccount:{self.account}"
        return '"user:$(gcloud config get-value account)"' if self.is_person else "MEMBER"

    def headers(self, method: str, url: str) -> dict[str, str]:
        """What a call bears, with a token that is good.

        Raises SourceUnavailable when there is none now, SourceError when the login is over.
        """
        from google.auth.exceptions import GoogleAuthError, TransportError  # noqa: PLC0415 - slow import
        from google.auth.transport.requests import Request  # noqa: PLC0415 - as above

        headers: dict[str, str] = {}
        try:
            self.credentials.before_request(Request(), method, url, headers)
        except TransportError as error:
            raise SourceUnavailable(
                f"No login now: Google's token server is out of reach ({type(error).__name__}). Check the network."
            ) from None
        except GoogleAuthError as error:
            if error.retryable:
                raise SourceUnavailable(f"No login now ({type(error).__name__}). Try again.") from None
            raise SourceError(f"The Google credentials are not accepted ({type(error).__name__}): {LOGIN}.") from None
        return headers

    @property
    def good_for_s(self) -> float | None:
        """Seconds that the token of the last call is still good; None where it has no end. It is renewed by itself."""
        expiry = getattr(self.credentials, "expiry", None)
        return None if expiry is None else (expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()


def find_login() -> Login:
    """Application default credentials; ConfigError with what to run when there are none."""
    from collector.sources.google_api import default_login  # noqa: PLC0415 - only who asks Google pays for it

    # Of credentials without a quota project: told by doctor where it matters, and not by a library on stderr.
    warnings.filterwarnings("ignore", message=".*quota project.*")
    credentials, own = default_login("Nobody is logged in", (_SCOPE,), error=ConfigError)
    account = getattr(credentials, "service_account_email", "") or getattr(credentials, "account", "") or ""
    if account == "default":  # of a machine that was not asked yet
        account = ""
    return Login(credentials, account, getattr(credentials, "quota_project_id", "") or "", own)


def check_names(project: str | None, locations: Sequence[str]) -> None:
    """WrongUsage for a project id or a region that can be none."""
    if project is not None and not _PROJECT.match(project):
        raise WrongUsage(f"--project is `{plain(project, 80)}`, which is no project id like my-project. Correct it.")
    for location in locations:
        if not LOCATION.match(location):
            raise WrongUsage(
                f"--location is `{plain(location, 80)}`, which is no region like europe-west1. Correct it."
            )


def find_project(given: str | None, login: Login | None) -> Project | None:
    """The first that is named: option, environment, quota project, gcloud's active configuration, the account's own."""
    if given:
        return Project(given, "--project")
    places = [
        *((os.environ.get(name, "").strip(), name) for name in _PROJECT_VARIABLES),
        (login.quota_project if login else "", "quota project of the credentials"),
        (_of_gcloud(), "gcloud's active configuration"),
        (login.own_project if login else "", "project of the credentials"),
    ]
    return next((Project(name, where) for name, where in places if _PROJECT.match(name)), None)


def _of_gcloud() -> str:
    """`core/project` of gcloud's active configuration; "" where there is none, or its file cannot be read."""
    home = os.environ.get("CLOUDSDK_CONFIG")
    folder = Path(home) if home else Path.home() / ".config" / "gcloud"
    try:
        name = os.environ.get("CLOUDSDK_ACTIVE_CONFIG_NAME") or _line(folder / "active_config") or "default"
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string((folder / "configurations" / f"config_{name}").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return ""
    return parser.get("core", "project", fallback="").strip()


def _line(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def shown_account(account: str) -> str:
    """A service account in full, of a person's address the first letter and the domain."""
    if account.endswith(_SERVICE):
        return plain(account, 200)
    name, at, domain = account.partition("@")
    return plain(f"{name[:1]}...{at}{domain}", 200)
