"""What a control group allows is known, by either version of control groups."""

from pathlib import Path

import pytest

from collector.memory import memory_bytes

MIB = 1 << 20


@pytest.fixture
def told(tmp_path: Path) -> Path:
    return tmp_path / "cgroup"


def _limit(place: Path, name: str, text: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(text, encoding="ascii")


def test_version_two_and_the_groups_above(tmp_path: Path, told: Path) -> None:
    told.write_text("0::/system.slice/logtriage.service\n", encoding="ascii")
    _limit(tmp_path / "system.slice" / "logtriage.service", "memory.max", "max\n")
    _limit(tmp_path / "system.slice", "memory.max", f"{512 * MIB}\n")

    assert memory_bytes(tmp_path, told) == 512 * MIB


def test_version_one(tmp_path: Path, told: Path) -> None:
    told.write_text("3:cpu,cpuacct:/one\n2:memory:/one\n", encoding="ascii")
    _limit(tmp_path / "memory" / "one", "memory.limit_in_bytes", f"{256 * MIB}\n")

    assert memory_bytes(tmp_path, told) == 256 * MIB


def test_a_container_sees_its_own_group_as_the_root(tmp_path: Path, told: Path) -> None:
    told.write_text("0::/../../pod/of/outside\n", encoding="ascii")
    _limit(tmp_path, "memory.max", f"{128 * MIB}\n")

    assert memory_bytes(tmp_path, told) == 128 * MIB


@pytest.mark.parametrize("text", ["0::/\n", "", "1:name=systemd:/\n"])
def test_without_a_limit_it_is_what_the_machine_has(tmp_path: Path, told: Path, text: str) -> None:
    told.write_text(text, encoding="ascii")

    assert memory_bytes(tmp_path, told) == memory_bytes(tmp_path / "none", tmp_path / "missing") > 128 * MIB
