"""Files of known signatures: what they hold, and one plain line for each mistake in them."""

from pathlib import Path

import pytest

from classifiers.config import KnownConfig
from classifiers.known_signatures import bundled_families, own_families
from collector.errors import ConfigError

GOOD = """
about: What goes wrong in the shop.
signatures:
  - name: till-stuck
    title: Till is stuck
    meaning: The till waits for its drawer.
    look: The drawer's cable.
    match: {says: [[till, drawer], stuck]}
    samples: [the till is stuck]
"""


def _own(folder: Path, text: str) -> str:
    """The one mistake that a file has, without the folder's name."""
    (folder / "shop.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        own_families(KnownConfig(folder=folder))
    return str(raised.value).replace(f"{folder}/", "")


def test_a_file_is_a_family_named_after_it(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not mine", encoding="utf-8")

    families = own_families(KnownConfig(folder=tmp_path))

    assert [family.name for family in families] == ["shop"]
    assert families[0].signatures[0].match.says == (("till", "drawer"), ("stuck",))


def test_the_default_folder_may_be_missing_a_chosen_one_may_not(tmp_path: Path) -> None:
    assert own_families(KnownConfig().beside(tmp_path)) == ()

    with pytest.raises(ConfigError, match=r"known\.folder is `.*/mine`, which is no folder\. Create it or correct"):
        own_families(KnownConfig(folder=Path("mine")).beside(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("meaning:", "meanings:", "shop.yaml: signature `till-stuck`: meaning is missing. Add it."),
        (
            "    look:",
            "    lok: x\n    look:",
            "lok is no known key; known here: name, title, meaning, look, match, general, samples, near_misses. Did",
        ),
        (
            "{says:",
            "{say: x, says:",
            "match.say is no known key; known here: says, unless, pattern, type, status, close_code, kind. Did you",
        ),
        (
            "{says: [[till, drawer], stuck]}",
            "{unless: x1}",
            "match is `{'unless': 'x1'}`; it needs one of `says`, `type`, `status` or `close_code`. Correct the value.",
        ),
        ("stuck]}", "1006]}", "match.says[1][0] is `1006`; it should be a valid string. Put it in quotes."),
        (
            "stuck]}",
            "stuck], pattern: 'a(?=b)'}",
            "shop.yaml: signature `till-stuck`: match.pattern is `a(?=b)`; it is no pattern of RE2 syntax: look-around",
        ),
        (
            "stuck]}",
            "stuck], pattern: '(?:(?:a{500}){500}){500}'}",
            "signature `till-stuck`: match.pattern is `(?:(?:a{500}){500}){500}`; it is no pattern of RE2 syntax",
        ),
        ("samples: [the till is stuck]", "samples: []", "signature `till-stuck`: samples is `[]`"),
        ("name: till-stuck", "name: Till Stuck", "shop.yaml: signature `Till Stuck`: name is `Till Stuck`"),
        ("about: What", "about: [What", "shop.yaml:"),
        ("    title:", "    name: other\n    title:", "shop.yaml:4: a key stands twice. Correct this line or"),
        (GOOD, "just words", "shop.yaml holds no family but `just words`. Write `about:` and `signatures:`."),
    ],
)
def test_a_mistake_is_told_with_file_place_and_way_out(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert told in _own(tmp_path, GOOD.replace(old, new, 1))


def test_a_name_stands_once(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(GOOD, encoding="utf-8")

    assert _own(tmp_path, GOOD) == "shop.yaml: name `till-stuck` stands in other.yaml too. Rename one."


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_bytes(b"about: \xff")
    with pytest.raises(ConfigError, match=r"is no UTF-8 text"):
        own_families(KnownConfig(folder=tmp_path))

    (tmp_path / "shop.yaml").write_text("#" * 1_000_001, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"has more than 1,000,000 bytes\. Part it into families\."):
        own_families(KnownConfig(folder=tmp_path))


def test_bundled_texts_are_short_enough_for_a_line_each() -> None:
    told = [one for family in bundled_families() for one in family.signatures]

    assert len(told) > 200
    assert [one.name for one in told if len(one.meaning) > 170 or len(one.look) > 170] == []
    assert [one.name for one in told if not one.meaning.endswith(".") or not one.look.endswith(".")] == []
