"""Known signatures: YAML files, one a family, in; failures that people know, with what they mean, out.

The bundled families lie in classifiers/known/; a user's own files have the same form and win over them. A known
signature names and explains a failure that was found without it: ids, clusters and verdicts are the same with none.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
from polars.exceptions import ComputeError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from classifiers.config import KnownConfig
from classifiers.known_cache import cached
from collector.errors import ConfigError

__all__ = ["Family", "KnownSignature", "Rule", "Sample", "bundled_families", "own_families"]

_BUNDLED = Path(__file__).resolve().parent / "known"
_MOST_BYTES = 1_000_000  # of one file
_SHOWN = 80


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | int) else value


_Phrase = Annotated[str, Field(min_length=2, max_length=200)]
_Phrases = Annotated[tuple[_Phrase, ...], BeforeValidator(_listed), Field(min_length=1, max_length=60)]
_Line = Annotated[str, Field(min_length=3, max_length=400)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # a cache mostly answers


class Rule(_Strict):
    """Which failures a known signature names: those that meet every condition given, on masked text of one line.

    `says`: phrases the text must hold, upper and lower case alike; of a list inside the list one will do. `unless`:
    phrases of which it must hold none. `pattern`: what it must match too (RE2 syntax, upper and lower case alike).
    `type`: the exception, without package. `status` of a request or told in the text; `close_code` of a WebSocket.
    """

    says: Annotated[tuple[_Phrases, ...], BeforeValidator(_listed), Field(max_length=10)] = ()
    unless: Annotated[tuple[_Phrase, ...], BeforeValidator(_listed), Field(max_length=60)] = ()
    pattern: Annotated[str, Field(min_length=3, max_length=800)] | None = None
    type: Annotated[tuple[_Phrase, ...], BeforeValidator(_listed), Field(max_length=40)] = ()
    status: Annotated[tuple[int, ...], BeforeValidator(_listed), Field(max_length=40)] = ()
    close_code: Annotated[tuple[int, ...], BeforeValidator(_listed), Field(max_length=40)] = ()
    kind: Annotated[tuple[Literal["exception", "message", "request", "platform"], ...], BeforeValidator(_listed)] = ()

    @model_validator(mode="after")
    def _has_a_lead(self) -> "Rule":
        if not (self.says or self.type or self.status or self.close_code):
            raise ValueError("it needs one of `says`, `type`, `status` or `close_code`")
        return self

    @property
    def conditions(self) -> int:
        """How much must be met."""
        single = (self.pattern, self.type, self.status, self.close_code, self.kind)
        return len(self.says) + sum(map(bool, single))


class Sample(_Strict):
    """One entry of a log: a text, or a request with its status. A text alone may be written without `text:`."""

    text: str | None = Field(default=None, max_length=20_000)
    status: int | None = Field(default=None, ge=100, le=599)
    method: str = "GET"
    path: str = "/"
    log: str = "stderr"


def _as_sample(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


_Samples = Annotated[tuple[Annotated[Sample, BeforeValidator(_as_sample)], ...], Field(max_length=40)]


class KnownSignature(_Strict):
    """A failure that people know: what it means, what to look at first, how it is recognised.

    A general one names what no other does. Its rule must match `samples` and must not match `near_misses`.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=60)]
    title: Annotated[str, Field(min_length=3, max_length=90)]
    meaning: _Line
    look: _Line
    match: Rule
    general: bool = False
    samples: Annotated[_Samples, Field(min_length=1)]
    near_misses: _Samples = ()


class Family(_Strict):
    """One file: known signatures that belong together. Its name is that of the file, and not written in it."""

    file: Path
    about: _Line
    signatures: Annotated[tuple[KnownSignature, ...], Field(min_length=1, max_length=500)]

    @property
    def name(self) -> str:
        """The name of the family."""
        return self.file.stem


class _Families(_Strict):
    families: tuple[Family, ...]


@cache
def bundled_families() -> tuple[Family, ...]:
    """The families that come with logtriage, by name; read once a process."""
    files = sorted(_BUNDLED.glob("*.yaml"))
    return cached(_Families, files, lambda: _Families(families=_families(files))).families if files else ()


def own_families(config: KnownConfig) -> tuple[Family, ...]:
    """The families of the user's folder, by name.

    Raises ConfigError, one line a mistake, naming file, signature and key.
    """
    folder = config.folder
    if not folder.is_dir():
        if folder.name == KnownConfig().folder.name:
            return ()
        raise ConfigError(f"known.folder is `{folder}`, which is no folder. Create it or correct the path.")
    families = _families(sorted(file for file in folder.iterdir() if file.suffix in {".yaml", ".yml"}))
    for family in families:
        for one in family.signatures:
            _check_pattern(family.file, one)
    return families


def _families(files: Sequence[Path]) -> tuple[Family, ...]:
    """The families of these files; no name stands twice."""
    families = tuple(_family(file, _content(file)) for file in files)
    seen: dict[str, Path] = {}
    for family in families:
        for one in family.signatures:
            if one.name in seen:
                raise ConfigError(f"{family.file}: name `{one.name}` stands in {seen[one.name]} too. Rename one.")
            seen[one.name] = family.file
    return families


def _check_pattern(file: Path, one: KnownSignature) -> None:
    """Rust's engine takes the pattern: no look-around, no back reference, time linear in any text."""
    if not one.match.pattern:
        return
    try:
        pl.Series([""]).str.contains(one.match.pattern)
    except ComputeError as error:
        why = [line.removeprefix("error: ").strip() for line in str(error).splitlines() if line.startswith("error: ")]
        raise ConfigError(
            f"{file}: signature `{one.name}`: match.pattern is `{_short(one.match.pattern)}`; it is no pattern of RE2 "
            f"syntax: {''.join(why) or 'it is too large'}. Correct it."
        ) from error


def _content(file: Path) -> dict[Any, Any]:
    """The keys of one file."""
    import yaml  # noqa: PLC0415 - most commands name nothing

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # ten times faster where built
        """YAML without tags, in which a key stands once."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - as it is called
            names = [key.value for key, _ in node.value]
            if len(set(map(str, names))) < len(names):
                raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
            return super().construct_mapping(node, deep=deep)

    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ConfigError(f"{file} has more than {_MOST_BYTES:,} bytes. Part it into families.")
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=Loader)  # noqa: S506 - a safe loader
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}. Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is no UTF-8 text (byte {error.start}). Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "it is no YAML"
        raise ConfigError(f"{file}{line}: {what}. Correct this line or the one above.") from error
    except ValueError as error:  # of a date or number that YAML begins and cannot end
        raise ConfigError(f"{file}: {error}. Put quotes around the value that looks like a date or number.") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{file} holds no family but `{_short(content)}`. Write `about:` and `signatures:`.")
    return content


def _family(file: Path, content: Mapping[Any, Any]) -> Family:
    try:
        return Family.model_validate({**content, "file": file})
    except ValidationError as error:
        raise ConfigError("\n".join(_mistake(one, file, content) for one in error.errors(include_url=False))) from error


def _mistake(mistake: Any, file: Path, content: Mapping[Any, Any]) -> str:
    """One line: file, signature, key and value, then what to do."""
    path = list(mistake["loc"])
    place = str(file)
    if len(path) > 1 and path[0] == "signatures":
        one = content["signatures"][path[1]]
        name = one.get("name") if isinstance(one, dict) else None
        place = f"{file}: signature `{_short(name)}`" if name else f"{file}: signatures[{path[1]}]"
        path = path[2:]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "it"
    if mistake["type"] == "extra_forbidden":
        known = _known_keys(mistake["loc"])
        near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
        advice = f"Did you mean `{near[0]}`?" if near else "Remove it or correct the spelling."
        return f"{place}: {key} is no known key; known here: {', '.join(known)}. {advice}"
    if mistake["type"] == "missing":
        return f"{place}: {key} is missing. Add it."
    said = mistake["msg"].removeprefix("Value error, ").replace("Input should be", "it should be").rstrip(".")
    advice = "Put it in quotes." if mistake["type"] == "string_type" else "Correct the value."
    return f"{place}: {key} is `{_short(mistake['input'])}`; {said}. {advice}"


def _known_keys(loc: Sequence[Any]) -> list[str]:
    """The keys of the place where a wrong one stands."""
    places: dict[Any, type[BaseModel]] = {
        "signatures": KnownSignature,
        "match": Rule,
        "samples": Sample,
        "near_misses": Sample,
    }
    within = [places[part] for part in loc[:-1] if part in places]
    return [name for name in (within[-1] if within else Family).model_fields if name != "file"]


def _short(value: object) -> str:
    text = re.sub(r"\s+", " ", str(value))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
