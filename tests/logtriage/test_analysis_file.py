"""What is no text is told in one sentence."""

import io
from pathlib import Path

import pytest

from logtriage.analysis_file import read_analysis
from logtriage.errors import ConfigError


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"PK\x03\x04\x00\x00", "is binary"),
        (b"\x80abc", "no UTF-8 text"),
        (b"a" * (1024 * 1024 + 1), "more than 1 MiB"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(data)

    with pytest.raises(ConfigError, match=said):
        read_analysis(str(path))


def test_a_folder_and_a_missing_file_are_one_sentence(tmp_path: Path) -> None:
    for name, said in ((str(tmp_path), "a folder"), (str(tmp_path / "no.md"), "not there"), ("", "empty text")):
        with pytest.raises(ConfigError, match=said):
            read_analysis(name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_in_the_encodings_that_editors_write(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.md"
    path.write_text("50+ errors – since 20:33", encoding=encoding)  # noqa: RUF001 - a dash as people write it

    assert read_analysis(str(path)) == "50+ errors – since 20:33"  # noqa: RUF001 - as above


def test_a_dash_reads_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"12 errors")))  # ours to replace: a test has none

    assert read_analysis("-") == "12 errors"
