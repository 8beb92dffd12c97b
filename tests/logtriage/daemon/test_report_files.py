"""Files of the report: only where a folder is named, and one that can be made."""

from pathlib import Path

import pytest

from collector.config import StoreConfig
from logtriage.config import Config
from logtriage.daemon.report_files import write_reports
from logtriage.errors import RenderError
from logtriage.report_config import ReportConfig


def _config(folder: Path, files: Path | None) -> Config:
    return Config(store=StoreConfig(path=folder / "d.duckdb"), report=ReportConfig(files=files))


def test_without_a_folder_nothing_is_looked_at(tmp_path: Path) -> None:
    assert write_reports(_config(tmp_path, None)).line == ""
    assert not (tmp_path / "d.duckdb").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")

    with pytest.raises(RenderError, match=r"report.files is `.*taken/page`, which cannot be made"):
        write_reports(_config(tmp_path, tmp_path / "taken" / "page"))
