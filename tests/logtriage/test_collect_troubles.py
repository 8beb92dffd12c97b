"""A pull writes down what keeps a source from being read, by its kind, and when it works again."""

from pathlib import Path

import grpc

from collector.config import StoreConfig
from collector.store import Store
from collector.window import NS_PER_S
from logtriage import pipeline
from logtriage.config import Config
from logtriage.progress import NoProgress
from tests.support.grpc_faults import FaultScript, Refuse
from tests.support.run_server import RunServer

_NOW_NS = 1_789_380_000 * NS_PER_S
_DENIED = Refuse(grpc.StatusCode.PERMISSION_DENIED, "caller ops@example.com lacks it")
_BUSY = Refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded")


def _config(folder: Path, server: RunServer) -> Config:
    keys = {"kind": "cloud_run", "name": "revisions", "projects": ["demo-stage"], "locations": ["europe-west1"]}
    place = {"endpoint": f"127.0.0.1:{server.port}", "insecure": True, "patience_s": 0.0, "deadline_s": 5.0}
    return Config.model_validate({"sources": [keys | place], "store": StoreConfig(path=folder / "t.duckdb")})


def _rows(config: Config) -> list[tuple[object, ...]]:
    with Store(config.store).read() as reader:
        return reader.sql("select kind, subject, is_over from troubles order by seen_at_ns, is_over").rows()


def test_a_lost_permission_then_a_spent_quota_then_none_are_three_spells(tmp_path: Path) -> None:
    with RunServer(faults=FaultScript(_DENIED, _DENIED, _BUSY, None)) as server:
        config = _config(tmp_path, server)
        for at in range(4):
            pipeline.collect(config, since_ns=None, now_ns=_NOW_NS + at * 60 * NS_PER_S, progress=NoProgress())

    assert _rows(config) == [
        ("permission", "revisions", False),
        ("quota", "revisions", False),
        ("permission", "revisions", True),
        ("quota", "revisions", True),
    ]
    with Store(config.store).read() as reader:
        said = reader.sql("select detail from troubles where kind = 'permission' and not is_over").item()
    assert "roles/run.viewer" in said
    assert "ops@example.com" not in said


def test_a_source_that_works_leaves_no_rows(tmp_path: Path) -> None:
    with RunServer() as server:
        config = _config(tmp_path, server)
        pipeline.collect(config, since_ns=None, now_ns=_NOW_NS, progress=NoProgress())

    assert _rows(config) == []
