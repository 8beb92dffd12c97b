"""Section `report` of config.yaml."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["CONSOLE", "ReportConfig", "check_console"]

CONSOLE = "https://console.cloud.google.com"
_ADDRESS = re.compile(r"https://[\w.\-]+(?::\d+)?(?:/[\w.\-/]*)?\Z", re.ASCII)


def check_console(value: str) -> str:
    """The address without a slash at its end; ValueError for what is no https address."""
    if not _ADDRESS.match(value):
        raise ValueError("it should be the web address of the console, such as https://console.cloud.google.com")
    return value.rstrip("/")


class ReportConfig(BaseModel):
    """Section `report` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_hours: float = Field(default=24.0, gt=0, le=24 * 366)  # how far back a report without --since looks
    full_incidents: int = Field(default=3, ge=1, le=100)  # incidents told in full on the first screen; the rest brief
    console_url: Annotated[str, AfterValidator(check_console)] = CONSOLE  # where links lead
    standing_shown: int = Field(default=5, ge=0, le=1000)  # old failures listed by title; the rest are counted
    files: Path | None = None  # a folder for report.html, report.md and report.json of the daemon; none by default
    templates: Path | None = None  # a folder whose templates win over those that come along; none by default

    def beside(self, folder: Path) -> "ReportConfig":
        """The same, with relative folders of templates and files found from this one."""
        given = {"templates": self.templates, "files": self.files}
        return self.model_copy(update={name: folder / path for name, path in given.items() if path is not None})
