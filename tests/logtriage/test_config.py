"""The configuration: what is taken from where, and one plain line for each mistake."""

import re
from pathlib import Path

import pytest

from classifiers.config import KnownConfig
from collector.sources.cloud_logging import CloudLoggingConfig
from logtriage.config import Config, load_config
from logtriage.errors import ConfigError
from logtriage.notifiers.channel import CHANNELS, ChannelKind
from tests.support.channels import InboxConfig

EXAMPLE = Path(__file__).parents[2] / "config.yaml"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees a config.yaml or a LOGTRIAGE_ variable of the machine."""
    monkeypatch.chdir(tmp_path)
    for name in ("LOGTRIAGE_DB", "LOGTRIAGE_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of channel of our own, registered."""
    monkeypatch.setitem(CHANNELS, "inbox", ChannelKind(f"{InboxConfig.__module__}.InboxConfig", ""))


def _load(text: str) -> Config:
    Path("config.yaml").write_text(text, encoding="utf-8")
    return load_config(None)


def _refused(text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        _load(text)
    return str(raised.value)


def test_without_a_file_there_are_defaults() -> None:
    assert load_config(None) == Config()


def test_the_example_loads_as_it_stands_and_shows_the_defaults() -> None:
    assert load_config(EXAMPLE) == Config(known=KnownConfig(folder=EXAMPLE.parent / "known"))


def test_the_example_has_every_section_in_the_order_of_the_flow() -> None:
    sections = re.findall(r"^([a-z_]+):", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)

    assert sections == list(Config.model_fields)


@pytest.mark.parametrize("section", [name for name in Config.model_fields if name != "sources"])
def test_the_example_shows_every_key(section: str) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    body = re.split(r"^[a-z_]+:", text.partition(f"\n{section}:")[2], maxsplit=1, flags=re.MULTILINE)[0]

    shown = set(re.findall(r"^  ([a-z0-9_]+):", body, re.MULTILINE))

    assert shown == set(type(getattr(Config(), section)).model_fields)


def test_the_lists_of_the_example_are_right_once_uncommented() -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace("sources: []", "sources:").replace("rules: []", "rules:")
    text = text.replace("repositories: {}", "repositories:").replace("expected: []", "expected:")
    text = text.replace("weights: {}", "weights:").replace("channels: []", "channels:")
    text = text.replace("criteria: []", "criteria:").replace("patterns: []", "patterns:")

    config = _load(re.sub(r"^#(  .*)$", r"\1", text, flags=re.MULTILINE))

    assert [source.kind for source in config.sources] == [
        "cloud_run",
        "cloud_logging",
        "cloud_trace",
        "jaeger",
        "tempo",
    ]
    assert [(one.name, one.pattern) for one in config.redact.patterns] == [("badge", "BADGE-[0-9]{6}")]
    assert [rule.verb for rule in config.clusters.rules] == ["merge", "split"]
    assert config.ledger.repositories == {"shop-*": "https://github.com/acme/shop"}
    assert [event.trigger for event in config.events.expected] == ["POST /orders/*"]
    assert config.priority.weights == {"POST /pay*": 1, "shop": 2, "batch-*": 0.2}
    assert set(CHANNELS) == {channel.kind for channel in config.digest.channels}
    kinds = [one.kind for one in config.verify.criteria]
    assert kinds == ["no failures", "rate below", "faster than", "event follows"]


def test_later_origins_win(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "store: {path: file.duckdb, threads: 1}\nreport: {window_hours: 2}"
    assert str(_load(text).store.path) == "file.duckdb"

    monkeypatch.setenv("LOGTRIAGE_STORE__PATH", "section.duckdb")
    monkeypatch.setenv("LOGTRIAGE_REPORT__WINDOW_HOURS", "3")
    assert str(_load(text).store.path) == "section.duckdb"
    assert _load(text).report.window_hours == 3.0

    monkeypatch.setenv("LOGTRIAGE_DB", "env.duckdb")
    assert str(_load(text).store.path) == "env.duckdb"
    assert str(load_config(None, db=Path("option.duckdb")).store.path) == "option.duckdb"
    assert load_config(None).store.threads == 1


def test_the_file_is_the_one_given_else_the_one_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, hours in (("config.yaml", 1), ("named.yaml", 2), ("given.yaml", 3)):
        Path(name).write_text(f"report: {{window_hours: {hours}}}", encoding="utf-8")

    assert load_config(None).report.window_hours == 1
    monkeypatch.setenv("LOGTRIAGE_CONFIG", "named.yaml")
    assert load_config(None).report.window_hours == 2
    assert load_config(Path("given.yaml")).report.window_hours == 3


def test_empty_files_and_empty_sections_count_as_left_out() -> None:
    assert _load("") == _load("sources:\nstore:\n# nothing\n") == Config()


def test_sources_become_the_config_of_their_kind() -> None:
    sources = _load("sources:\n- kind: cloud_logging\n  name: logs\n  resources: [projects/some-project]").sources

    assert isinstance(sources[0], CloudLoggingConfig)
    assert sources[0].resources == ("projects/some-project",)


def test_channels_become_the_config_of_their_kind(inbox: None) -> None:
    channels = _load(
        "digest: {channels: [{kind: inbox}, {kind: inbox, name: on-call, token_env: ON_CALL}]}"
    ).digest.channels

    assert [(one.name, type(one)) for one in channels] == [("inbox", InboxConfig), ("on-call", InboxConfig)]


def test_a_variable_that_the_file_names_is_known(inbox: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGTRIAGE_ON_CALL", "a token")

    assert _load("digest: {channels: [{kind: inbox, token_env: LOGTRIAGE_ON_CALL}]}").digest.channels
    with pytest.raises(ConfigError, match="LOGTRIAGE_ON_CALL names no setting"):
        _load("")


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("{kind: slak}", r"digest.channels\[0\].kind is `slak`; known kinds: email, github, .*"),
        ("slack", r"digest.channels\[0\] is `slack`, not a section. Write `- kind: slack`"),
        ("{kind: inbox, url: x}", r"digest.channels\[0\].url is not a known key; known keys: kind, name, token_env"),
        ("{kind: inbox}, {kind: inbox}", "digest.channels: two are named `inbox`; `--to` names one channel"),
        ("{kind: inbox, token_env: xoxb-12-planted}", r"digest.channels\[0\].token_env is no name of a variable"),
        ("{kind: inbox, token_env: ghp_planted}", r"digest.channels\[0\].token_env is no name of a variable"),
        ("{kind: inbox, token_secret: planted}", r"digest.channels\[0\].token_secret is no name of a secret"),
        ("{kind: inbox, token_env: A, token_secret: projects/p/secrets/s/versions/1}", ".* not in both"),
    ],
)
def test_a_mistake_in_a_channel_is_one_plain_line_without_a_secret(channel: str, said: str, inbox: None) -> None:
    told = _refused(f"digest: {{channels: [{channel}]}}")

    assert re.match(f"config.yaml: {said}", told), told
    assert "\n" not in told
    assert "planted" not in told


def test_channels_of_the_environment_are_checked_too(inbox: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGTRIAGE_DIGEST__CHANNELS", '[{"kind": "slak"}]')

    assert _refused("").startswith("environment LOGTRIAGE_DIGEST__CHANNELS: digest.channels[0].kind is `slak`")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "report: {window_hour: 3}",
            r"config.yaml: report.window_hour is no known key; known here: .* Did you mean `window_hours`\?",
        ),
        ("reprt: {}", r"config.yaml: reprt is no known key; known here: sources, receive, .* Did you mean `report`\?"),
        (
            "report: {window_hours: -3}",
            "config.yaml: report.window_hours is `-3`; it should be greater than 0. Correct",
        ),
        ("report: {window_hours: soon}", "config.yaml: report.window_hours is `soon`; it should be a valid number"),
        ("store: 3", "config.yaml: store is `3`; it should be a section with keys of its own"),
        (
            "store: {path: 3}",
            "config.yaml: store.path is `3`; it should be a path, a text in quotes where it is a number",
        ),
        (
            "sources: [{kind: cloudlog}]",
            r"config.yaml: sources\[0\].kind is `cloudlog`; known kinds: cloud_logging, .*, jaeger, tempo\.",
        ),
        ("sources: [{kind: cloud_logging}]", r"config.yaml: sources\[0\].resources is missing"),
        ("sources: [cloud_logging]", r"config.yaml: sources\[0\] is `cloud_logging`, not a section"),
        ("sources: cloud_logging", "config.yaml: sources is `cloud_logging`, not a list"),
        (
            "sources:" + "\n- {kind: cloud_run, projects: [ab-cdef], locations: [europe-west1]}" * 2,
            "config.yaml: sources: two are named `cloud_run`",
        ),
        ("digest: {lowest_priority: P9}", "config.yaml: digest.lowest_priority is `P9`; it should be 'P0'"),
        ("report: {}\n\nreport: {}", r"config.yaml:3: key `report` stands twice"),
        ("a: [1", "config.yaml:1: expected ',' or ']'"),
        ("report:\n\twindow_hours: 1", r"config.yaml:2: found character '\\t' that cannot start any token"),
        ("store: !!python/object/apply:os.system [ls]", "config.yaml:1: could not determine a constructor for the tag"),
        ("- a", r"config.yaml holds no sections but `\['a'\]`"),
        ("store: {path: \x01}", "config.yaml: .*special characters are not allowed"),
    ],
)
def test_a_mistake_is_one_plain_line(text: str, line: str) -> None:
    said = _refused(text)

    assert re.match(line, said), said
    assert "\n" not in said


def test_every_mistake_has_its_line() -> None:
    assert len(_refused("report: {window_hours: 0, full_incidents: 0}\nstorr: {}").splitlines()) == 3


def test_a_mistake_in_the_environment_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGTRIAGE_STORE__THREADS", "many")
    assert _refused("").startswith("environment LOGTRIAGE_STORE__THREADS is `many`; it should be a valid integer")

    monkeypatch.setenv("LOGTRIAGE_STORE", "{")
    assert _refused("").startswith("environment LOGTRIAGE_STORE is no JSON")


def test_sources_of_the_environment_are_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGTRIAGE_SOURCES", '[{"kind": "cloudlog"}]')

    assert _refused("").startswith("environment LOGTRIAGE_SOURCES: sources[0].kind is `cloudlog`")


def test_a_secret_in_the_file_is_refused_and_not_shown() -> None:
    said = _refused("digest: {slack_webhook_url: https://hooks.slack.com/services/T0/B0/secret}")

    assert said.startswith("config.yaml: digest.slack_webhook_url is no known key")
    assert "hooks.slack.com" not in said


def test_a_file_that_is_named_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--config names `absent\.yaml`, which is missing"):
        load_config(Path("absent.yaml"))
    with pytest.raises(ConfigError, match="which is a folder"):
        load_config(tmp_path)
    monkeypatch.setenv("LOGTRIAGE_CONFIG", "gone.yaml")
    with pytest.raises(ConfigError, match=r"LOGTRIAGE_CONFIG names `gone\.yaml`"):
        load_config(None)


def test_a_file_that_is_no_text_is_one_line() -> None:
    Path("config.yaml").write_bytes(b"\xff\xfe\x00store")

    with pytest.raises(ConfigError, match=r"config\.yaml is no UTF-8 text \(byte 0\)"):
        load_config(None)
