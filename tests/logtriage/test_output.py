"""Where results go."""

import stat
from pathlib import Path

import pytest

from logtriage.errors import RenderError
from logtriage.output import check_writable, write_file


def test_a_file_is_written_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "report.md"
    target.write_text("old", encoding="utf-8")

    write_file(target, "new ü")

    assert target.read_text(encoding="utf-8") == "new ü"
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    write_file(tmp_path / "link", "new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text(encoding="utf-8") == "new"


def test_a_device_is_written_and_stays_a_device() -> None:
    write_file(Path("/dev/null"), "gone")

    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"--output is `.*report\.md`, but there is no folder `.*absent`"):
        check_writable(tmp_path / "absent" / "report.md")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="which is a folder"):
        write_file(tmp_path, "x")


def test_a_full_disk_is_one_line_and_keeps_the_old_file() -> None:
    with pytest.raises(RenderError, match="`/dev/full` cannot be written: No space left on device"):
        write_file(Path("/dev/full"), "x")
