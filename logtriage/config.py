"""Config: the sections of config.yaml. Their classes import none of the code they serve, so that settings load at once.

Later wins: defaults, the file, the environment (LOGTRIAGE_REPORT__WINDOW_HOURS is report.window_hours, LOGTRIAGE_DB is
store.path), the command line. Secrets come from the environment or Secret Manager; a key here at most names where.
"""

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, SerializeAsAny, ValidationError

from classifiers.config import ClassifyConfig, OriginsConfig
from collector.config import RetentionConfig, StoreConfig
from collector.normalise.redact_config import RedactConfig
from collector.place import is_there
from collector.receiver.config import TOKEN_VARIABLE, ReceiveConfig
from collector.secret import MANAGER_VARIABLE
from collector.sources.base import SourceConfig, parse_source_config
from logtriage.daemon.schedule import ScheduleConfig
from logtriage.digest_config import DigestConfig
from logtriage.errors import ConfigError
from logtriage.escape import plain
from logtriage.kinds import read_kinds
from logtriage.report_config import ReportConfig
from logtriage.telemetry.config import HEADERS_VARIABLE, TelemetryConfig

__all__ = ["CONFIG_FILE", "Config", "find_config", "load_config"]

CONFIG_FILE = Path("config.yaml")
_PREFIX = "LOGTRIAGE_"
_VALUE_SHOWN = 80
# Names of the environment that are no section of the file.
_OTHER_NAMES = frozenset(
    {
        "LOGTRIAGE_DB",
        "LOGTRIAGE_CONFIG",
        "LOGTRIAGE_HASH_KEY",
        TOKEN_VARIABLE,
        MANAGER_VARIABLE,
        "LOGTRIAGE_TRACEBACK",
        "LOGTRIAGE_GOOGLE_ENDPOINTS",
        HEADERS_VARIABLE,
        # The secrets of channels, see `digest.channels`.
        "LOGTRIAGE_EMAIL_PASSWORD",
        "LOGTRIAGE_GITHUB_TOKEN",
        "LOGTRIAGE_GITLAB_TOKEN",
        "LOGTRIAGE_JIRA_TOKEN",
        "LOGTRIAGE_SLACK_TOKEN",
        "LOGTRIAGE_SLACK_WEBHOOK_URL",
        "LOGTRIAGE_WEBHOOK_TOKEN",
        "LOGTRIAGE_WEBHOOK_URL",
    }
)


def _read_sources(value: Any) -> tuple[SourceConfig, ...]:
    """Each section by its kind; ConfigError as the source's own code words it."""
    first, why = "cloud_logging", "a name holds one cursor"
    return read_kinds(value, section="sources", first=first, parse=parse_source_config, why=why)


class _CollectConfig(BaseModel):
    """The sections that decide what is collected, and where it is kept."""

    sources: Annotated[tuple[SerializeAsAny[SourceConfig], ...], BeforeValidator(_read_sources)] = ()
    receive: ReceiveConfig = ReceiveConfig()
    redact: RedactConfig = RedactConfig()
    store: StoreConfig = StoreConfig()
    retention: RetentionConfig = RetentionConfig()


class Config(ClassifyConfig, _CollectConfig):
    """All settings, validated; one field a station, in the order of the flow: what is collected, found, told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    report: ReportConfig = ReportConfig()
    digest: DigestConfig = DigestConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    telemetry: TelemetryConfig = TelemetryConfig()


def load_config(path: Path | None, *, db: Path | None = None) -> Config:
    """The configuration from a file (given, LOGTRIAGE_CONFIG, ./config.yaml or none), the environment and `--db`.

    Raises ConfigError with one plain line for each mistake.
    """
    found = find_config(path)
    written = _read(found) if found else {}
    given = _environment(_named_variables(written))
    values = _merged(written, given)
    chosen = db or (Path(os.environ["LOGTRIAGE_DB"]) if os.environ.get("LOGTRIAGE_DB") else None)
    if chosen is not None:
        values = _merged(values, {"store": {"path": chosen}})
    try:
        config = Config(**values)
    except ValidationError as error:
        lines = [_mistake(mistake, str(found or "config"), given) for mistake in error.errors(include_url=False)]
        raise ConfigError("\n".join(lines)) from error
    except ConfigError as error:
        section = str(error).partition(":")[0].partition(" ")[0].partition("[")[0]
        variable = f"{_PREFIX}{section.upper().replace('.', '__')}"
        where = f"environment {variable}" if _holds(given, section.split(".")) else str(found or "config")
        raise ConfigError(f"{where}: {error}") from error
    config = config.model_copy(update={"origins": _with_hashes(config)})
    if found is None:
        return config
    beside = {"known": config.known.beside(found.parent), "report": config.report.beside(found.parent)}
    return config.model_copy(update=beside)


def _with_hashes(config: Config) -> OriginsConfig:
    """Accounts that are addresses as they are stored: as keyed hashes, which only the key of the database makes."""
    accounts = config.origins.tests.accounts
    if not any("@" in account for account in accounts):
        return config.origins
    from collector.normalise.redact import KEY_VARIABLE, Redactor, load_key  # noqa: PLC0415 - few need it

    path = config.store.path.with_name(f"{config.store.path.name}.key")
    if not is_there(path) and KEY_VARIABLE not in os.environ:
        return config.origins  # nothing is stored yet, and no key is made for nothing
    redactor = Redactor(load_key(path), config.redact)
    tests = config.origins.tests.model_copy(update={"accounts": tuple(map(redactor.text, accounts))})
    return config.origins.model_copy(update={"tests": tests})


def find_config(path: Path | None) -> Path | None:
    """The file to read: the given one, LOGTRIAGE_CONFIG's, or ./config.yaml, which alone may be missing."""
    named = os.environ.get("LOGTRIAGE_CONFIG")
    wanted = path or (Path(named) if named else None)
    if wanted is None:
        return CONFIG_FILE if CONFIG_FILE.is_file() else None
    try:
        is_there, is_usable = wanted.exists(), wanted.is_file() or wanted.is_fifo()
    except OSError as error:  # a folder on the way may not be entered, or the name is too long
        raise ConfigError(f"{wanted} cannot be read: {error.strerror}. Check its permissions.") from error
    if not is_usable:
        what = "a folder" if wanted.is_dir() else "no file" if is_there else "missing"
        origin = "--config" if path else "LOGTRIAGE_CONFIG"
        raise ConfigError(f"{origin} names `{wanted}`, which is {what}. Give the path of a config.yaml.")
    return wanted


def _read(path: Path) -> dict[str, Any]:
    from logtriage.config_file import read_sections  # noqa: PLC0415 - most commands find no file, and need no YAML

    return read_sections(path)


def _named_variables(written: Any) -> frozenset[str]:
    """Variables that a file names as those of its secrets: what its keys `token_env`, `url_env` ... hold."""
    if isinstance(written, Mapping):
        named = (text for key, text in written.items() if str(key).endswith("_env") and isinstance(text, str))
        return frozenset(named).union(*map(_named_variables, written.values()))
    if isinstance(written, list):
        return frozenset().union(*map(_named_variables, written))
    return frozenset()


def _environment(named: frozenset[str]) -> dict[str, Any]:
    """What LOGTRIAGE_SECTION__KEY variables say, as nested sections; a name that means nothing is an error."""
    sections = {f"{_PREFIX}{name.upper()}" for name in Config.model_fields}
    given = sorted(name for name in os.environ if name.startswith(_PREFIX) and name not in _OTHER_NAMES | named)
    for name in given:
        if name.split("__")[0].upper() not in sections:
            near = difflib.get_close_matches(name.split("__")[0], [*sections, *_OTHER_NAMES], n=1)
            advice = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(sections | _OTHER_NAMES))}."
            raise ConfigError(f"environment {name} names no setting. {advice}")
    return _of_environment() if given else {}


def _of_environment() -> dict[str, Any]:
    # Here and not above, because it takes as long to load as all the rest of this module.
    from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict  # noqa: PLC0415
    from pydantic_settings.exceptions import SettingsError  # noqa: PLC0415

    class Settings(BaseSettings, Config):
        """The same fields, as that library wants them."""

        model_config = SettingsConfigDict(extra="forbid")

    source = EnvSettingsSource(Settings, env_prefix=_PREFIX, env_nested_delimiter="__", env_ignore_empty=True)
    try:
        return source()
    except SettingsError as error:
        field = next((name for name in Config.model_fields if f'"{name}"' in str(error)), "")
        raise ConfigError(
            f"environment {_PREFIX}{field.upper()} is no JSON. Write JSON, or set one key with {_PREFIX}"
            f"{field.upper()}__KEY."
        ) from error


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, the upper one winning, key by key in nested sections."""
    both = dict(below)
    for key, value in above.items():
        under = both.get(key)
        both[key] = _merged(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return both


def _mistake(mistake: Any, file: str, given: Mapping[str, Any]) -> str:
    """One line: what and where, then what to do."""
    loc = tuple(mistake["loc"])
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    where = f"{file}: {path}"
    if _holds(given, loc):
        where = f"environment {_PREFIX}{'__'.join(str(part) for part in loc).upper()}"
    if mistake["type"] == "extra_forbidden":
        return f"{where} is no known key; {_known_keys(loc)}"
    shown = plain(mistake["input"], _VALUE_SHOWN)
    said = mistake["msg"].removeprefix("Value error, ").rstrip(".")
    said = said.replace("Input should be", "it should be")
    if mistake["type"] in {"model_type", "model_attributes_type", "dict_type"}:
        said = "it should be a section with keys of its own"
    if mistake["type"] == "path_type":
        said = "it should be a path, a text in quotes where it is a number"
    return f"{where} is `{shown}`; {said}. Correct the value."


def _holds(values: Any, loc: Sequence[Any]) -> bool:
    """Whether the environment gave this key."""
    for part in loc:
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return bool(loc)


def _known_keys(loc: Sequence[Any]) -> str:
    model: type[BaseModel] = Config
    for part in loc[:-1]:
        annotation = model.model_fields[str(part)].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            break
        model = annotation
    known = list(model.model_fields)
    near = difflib.get_close_matches(str(loc[-1]), known, n=1, cutoff=0.5)
    listed = f"known here: {', '.join(known)}." if known else "this section has no keys."
    return f"{listed} Did you mean `{near[0]}`?" if near else f"{listed} Remove it or correct the spelling."
