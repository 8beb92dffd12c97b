"""The copy of families: it is used while no byte changed, and never trusted further."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from classifiers.known_cache import cached


class Told(BaseModel):
    text: str


def _told(folder: Path, read: list[str]) -> str:
    """What the cache gives of the folder's file; `read` notes each real reading."""
    file = folder / "a.yaml"

    def reading() -> Told:
        read.append(file.read_text())
        return Told(text=file.read_text())

    return cached(Told, [file], reading).text


def test_files_are_read_once_until_they_change(tmp_path: Path) -> None:
    read: list[str] = []
    (tmp_path / "a.yaml").write_text("one")

    assert [_told(tmp_path, read), _told(tmp_path, read)] == ["one", "one"]
    (tmp_path / "a.yaml").write_text("two")
    assert [_told(tmp_path, read), _told(tmp_path, read)] == ["two", "two"]

    assert read == ["one", "two"]


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\n{}", b"\xff"])
def test_a_damaged_copy_is_read_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "a.yaml").write_text("one")
    _told(tmp_path, [])
    copy = tmp_path / "__pycache__" / "families.json"
    key = copy.read_bytes().partition(b"\n")[0]
    copy.write_bytes(key + damage)

    read: list[str] = []
    assert _told(tmp_path, read) == "one"
    assert read == ["one"]


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("one")
    (tmp_path / "__pycache__").write_text("in the way")

    assert [_told(tmp_path, []), _told(tmp_path, [])] == ["one", "one"]
