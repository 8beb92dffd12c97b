"""The ledger's pen: append-only, nothing twice, and any earlier state can be told again."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from classifiers.calibration import remember, say
from classifiers.findings import Findings, Record
from classifiers.record import read_claims, record_of
from collector.config import StoreConfig
from collector.errors import ConfigError
from collector.store import Store
from logtriage.config import Config
from tests.support.findings import END_NS, attribution, cluster, dependency, findings

ROOT = Path(__file__).parents[2]
EVER_NS = 2**63 - 1


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A database without an entry."""
    made = Store(StoreConfig(path=tmp_path / "s.duckdb"))
    made.end_run(made.begin_run("import", "files"), outcome="complete")
    return made


def _record(store: Store, end_ns: int = EVER_NS) -> Record:
    with store.read() as reader:
        return record_of(read_claims(reader, end_ns=end_ns))


def _rows(store: Store) -> tuple[int, int]:
    with store.read() as reader:
        return tuple(reader.sql(f"select count(*) from {name}").item() for name in ("forecasts", "settlements"))


def _say(store: Store, outcome: str, *, at_ns: int = END_NS + 1, told: Findings | None = None, **more: str) -> Record:
    one = (told or findings()).clusters[0]
    said = say(store, one, outcome, revision=more.get("revision"), note=more.get("note", ""), now_ns=at_ns)  # type: ignore[arg-type] # one of its words
    return said.record


def test_a_look_stores_each_verdict_once(store: Store) -> None:
    first = remember(store, findings(), Config())
    again = remember(store, findings(), Config())

    assert (first.told, again.told) == (2, 0)
    assert _rows(store) == (2, 0)


_REMEMBER = """
import os, signal, sys
from pathlib import Path
from classifiers import calibration
from collector.config import StoreConfig
from collector.store import Store
from logtriage.config import Config
from tests.support.findings import findings
store = Store(StoreConfig(path=Path(sys.argv[1])))
insert = calibration._insert
def insert_and_die(*rows):
    insert(*rows)
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "die":
    calibration._insert = insert_and_die  # between the rows and the end of their transaction
for look in range(2):
    calibration.remember(store, findings(now_ns=1 + look), Config())
"""


def _other_daemon(store: Store, how: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", _REMEMBER, str(store.path), how], cwd=ROOT)


def test_two_daemons_at_once_store_each_verdict_once(store: Store) -> None:
    running = [_other_daemon(store, "live") for _ in range(2)]

    assert [one.wait(60) for one in running] == [0, 0]
    assert _rows(store) == (2, 0)


def test_a_daemon_that_is_killed_before_its_transaction_ends_leaves_nothing_behind(store: Store) -> None:
    assert _other_daemon(store, "die").wait(60) == -signal.SIGKILL

    assert _rows(store) == (0, 0)
    assert remember(store, findings(), Config()).told == 2


def test_a_word_settles_a_verdict_that_no_daemon_stored(store: Store) -> None:
    record = _say(store, "right")

    assert (record.verdicts, record.settled, record.right, record.by_person) == (1, 1, 1, 1)
    assert _rows(store) == (1, 1)


def test_the_same_word_again_adds_nothing_and_another_one_wins(store: Store) -> None:
    _say(store, "right")
    _say(store, "right", at_ns=END_NS + 2)

    assert _rows(store) == (1, 1)
    assert _say(store, "wrong", at_ns=END_NS + 3).right == 0
    assert _say(store, "open", at_ns=END_NS + 4).settled == 0
    assert _rows(store) == (1, 3)


def test_a_word_is_on_what_the_daemon_told(store: Store) -> None:
    remember(store, findings(), Config())

    assert _say(store, "right") == Record(verdicts=2, settled=1, right=1, by_person=1)
    assert _rows(store) == (2, 1)


def test_taking_back_what_nobody_said_stores_nothing(store: Store) -> None:
    assert _say(store, "open") == Record()
    assert _rows(store) == (0, 0)


def test_a_word_can_be_on_an_earlier_verdict_by_its_revision(store: Store) -> None:
    remember(store, findings(), Config())
    other = findings(clusters=(cluster(attribution=attribution(revision="shop-00009-new")),))

    record = _say(store, "right", told=other, revision="00008-bad")

    with store.read() as reader:
        settled = [claim.first.revision for claim in read_claims(reader, end_ns=EVER_NS) if claim.outcome == "right"]
    assert settled == ["shop-00008-bad"]
    assert record.verdicts == 2


def test_a_revision_that_nothing_blames_is_told_with_those_that_are(store: Store) -> None:
    with pytest.raises(ConfigError, match=r"--revision is `nope`, .* blamed: shop-00008-bad\."):
        _say(store, "right", revision="nope")
    assert _rows(store) == (0, 0)


def test_where_nothing_was_claimed_there_is_nothing_to_settle(store: Store) -> None:
    unsure = findings(clusters=(cluster(cause="unknown", attribution=None, hypotheses=()),))

    with pytest.raises(ConfigError, match="no explanation stands out, so there is nothing to settle"):
        _say(store, "right", told=unsure)


def test_what_the_report_no_longer_claims_can_still_be_settled(store: Store) -> None:
    remember(store, findings(), Config())
    unsure = findings(clusters=(cluster(cause="unknown", attribution=None, hypotheses=()),))

    assert _say(store, "wrong", told=unsure).settled == 1


def test_a_verdict_on_another_cause_is_settled_too(store: Store) -> None:
    assert _say(store, "right", told=findings(clusters=(dependency(),))).right == 1


def test_an_earlier_instant_has_the_record_of_then(store: Store) -> None:
    remember(store, findings(), Config())
    _say(store, "right", at_ns=END_NS + 10)
    _say(store, "wrong", at_ns=END_NS + 20)

    assert _record(store, END_NS) == Record()
    assert _record(store, END_NS + 10) == Record(verdicts=2)
    assert _record(store, END_NS + 11).right == 1
    assert _record(store, END_NS + 21).right == 0


def test_a_database_that_is_older_than_the_ledger_has_an_empty_record(store: Store) -> None:
    with store.write() as writer:
        for text in ("drop table forecasts", "drop table settlements"):
            writer._connection.execute(text)
        writer._connection.execute("delete from migrations where name = 'create_0004_forecasts'")

    assert _record(store) == Record()
    assert remember(Store(StoreConfig(path=store.path)), findings(), Config()).told == 2
