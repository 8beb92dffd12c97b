"""The registry of sources: kinds found by name, built from their settings, slow imports left for the pull."""

import subprocess
import sys
from typing import Any

import pytest

from collector.errors import ConfigError
from collector.sources.base import SOURCES, build_sources, parse_source_config, process_settings
from collector.sources.cloud_logging import CloudLogging
from collector.sources.cloud_run import CloudRun

LOGGING: dict[str, Any] = {"kind": "cloud_logging", "name": "logs", "resources": ["projects/p"]}
RUN: dict[str, Any] = {"kind": "cloud_run", "name": "run", "projects": ["p"], "locations": ["europe-west4"]}
TRACE: dict[str, Any] = {"kind": "cloud_trace", "name": "traces", "projects": ["p"]}
JAEGER: dict[str, Any] = {"kind": "jaeger", "name": "jaeger", "url": "http://127.0.0.1:16686"}
TEMPO: dict[str, Any] = {"kind": "tempo", "name": "tempo", "url": "http://127.0.0.1:3200"}


def test_each_kind_is_built_from_its_own_settings() -> None:
    configs = [parse_source_config(raw, where=f"sources[{index}]") for index, raw in enumerate((LOGGING, RUN))]

    logs, run = build_sources(configs)

    assert isinstance(logs, CloudLogging)
    assert isinstance(run, CloudRun)
    assert [logs.name, run.name] == ["logs", "run"]


def test_every_kind_of_the_registry_can_be_imported() -> None:
    examples = {"cloud_logging": LOGGING, "cloud_run": RUN, "cloud_trace": TRACE, "jaeger": JAEGER, "tempo": TEMPO}

    assert {kind: parse_source_config(examples[kind], where="x").kind for kind in examples} == {
        kind: kind for kind in examples
    }
    assert set(examples) == set(SOURCES)


@pytest.mark.parametrize("raw", [{"kind": "cloudlog"}, {}, {"kind": 3}, {"kind": ["cloud_run"]}])
def test_an_unknown_kind_lists_the_known_ones(raw: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"sources\[2\].kind is .*known kinds: cloud_logging, cloud_run"):
        parse_source_config(raw, where="sources[2]")


def test_two_sources_of_one_name_are_refused() -> None:
    config = parse_source_config(LOGGING, where="sources[0]")

    with pytest.raises(ConfigError, match="Two sources are named `logs`"):
        build_sources([config, config])


def test_sources_of_one_process_share_their_settings() -> None:
    assert process_settings() is process_settings()


def test_settings_and_sources_need_no_google_import() -> None:
    code = (
        "import sys; from collector.sources.base import *;"
        f"build_sources([parse_source_config(raw, where='x') for raw in ({LOGGING!r}, {RUN!r})]);"
        "sys.exit(any(name.startswith(('google', 'grpc')) for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
