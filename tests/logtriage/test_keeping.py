"""The job of retention and `logtriage prune`: they say what goes, and take what they say."""

import subprocess
import sys
from pathlib import Path

import pytest

from collector.config import RetentionConfig, StoreConfig
from collector.retention import DAY_NS
from collector.stopping import Stop
from collector.store import Store
from collector.window import Window
from logtriage import pipeline
from logtriage.acts.keeping import act_prune
from logtriage.config import Config, load_config
from logtriage.coverage_view import ledger_words
from logtriage.errors import ConfigError
from logtriage.keeping import preview, pruned_words, retain, short_history_words
from tests.support.days import FIRST_DAY_NS, copied, count, store_of_days

NOW_NS = FIRST_DAY_NS + 5 * DAY_NS


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return store_of_days(tmp_path_factory.mktemp("built") / "s.duckdb", 5)


@pytest.fixture
def store(built: Store, tmp_path: Path) -> Store:
    return copied(built, tmp_path)


def settings(store: Store, **retention: float | None) -> Config:
    loaded = load_config(None, db=store.path)
    return loaded.model_copy(update={"retention": RetentionConfig(**retention)})  # type: ignore[arg-type] # mixed values


def test_the_job_takes_what_is_too_old_and_says_so(store: Store) -> None:
    done = retain(settings(store, days=2), Stop(), now_ns=NOW_NS)

    assert done.line.startswith("30 entries, 3 spans, 3 dead letters from before 2024-10-07T00:00:00Z; the file has ")
    assert (done.failed, done.has_more, done.figures["pruned"]) == ((), False, 36)
    assert retain(settings(store, days=2), Stop(), now_ns=NOW_NS).line.startswith("nothing is older")


def test_a_clock_far_ahead_takes_nothing_that_is_young_by_the_newest_record(store: Store) -> None:
    ahead_ns = NOW_NS + 400 * DAY_NS

    done = retain(settings(store, days=30), Stop(), now_ns=ahead_ns)

    assert done.line.startswith("nothing is older")
    assert count(store, "entries") == 50
    empty = settings(Store(StoreConfig(path=store.path.with_name("none.duckdb"))), days=30)
    assert retain(empty, Stop(), now_ns=ahead_ns).line.startswith("nothing is older")


def test_prune_by_hand_counts_back_as_the_job_does_but_for_a_time_that_is_written_out(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    for older_than in (None, "10d"):  # by the clock of now, years after the newest record
        act_prune(None, store.path, older_than=older_than, max_size=None, is_dry=False)
        assert "ages count back from 2024-10-09T00:00:10Z" in capsys.readouterr().err
        assert count(store, "entries") == 50

    act_prune(None, store.path, older_than="2024-10-07T00:00:00Z", max_size=None, is_dry=False)

    assert "ages count" not in capsys.readouterr().err
    assert count(store, "entries") == 20


def test_prune_where_nothing_is_stored_says_nothing_of_clocks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = Store(StoreConfig(path=tmp_path / "empty.duckdb"))
    with empty.write():
        pass

    for path in (empty.path, tmp_path / "none.duckdb"):
        for older_than in (None, "10d"):
            act_prune(None, path, older_than=older_than, max_size=None, is_dry=False)
            told = capsys.readouterr()
            assert (told.out.splitlines()[0], told.err) == ("nothing pruned by age", "")


def test_a_report_tells_that_its_baseline_was_pruned(store: Store) -> None:
    config = settings(store, days=2)
    window = Window(NOW_NS - DAY_NS, NOW_NS)
    before = pipeline.analyse(config, window=window, now_ns=NOW_NS)

    retain(config, Stop(), now_ns=NOW_NS)

    told = [
        one for one in pipeline.analyse(config, window=window, now_ns=NOW_NS).coverage.blind_spots if "pruned" in one
    ]
    assert not any("pruned" in one for one in before.coverage.blind_spots)
    assert len(told) == 1
    assert "was pruned, so 1 of the 14 days of baseline are there: an old failure may look new" in told[0]
    cut = [pipeline.analyse(config, window=Window(NOW_NS - n * DAY_NS, NOW_NS), now_ns=NOW_NS) for n in (1, 4)]
    assert [one.coverage.is_cut for one in cut] == [False, True]


def test_a_file_that_stays_too_large_is_told(store: Store) -> None:
    done = retain(settings(store, days=90, max_size_gib=1e-6), Stop(), now_ns=NOW_NS)

    assert "larger than retention.max_size_gib allows" in done.failed[0]


def test_a_preview_changes_nothing(store: Store) -> None:
    told = preview(settings(store, days=2), before_ns=None, now_ns=NOW_NS)

    assert pruned_words(told.taken).startswith("30 entries, 3 spans")
    assert count(store, "entries") == 50


def test_too_few_days_for_the_baseline_are_told(store: Store) -> None:
    assert "looks back 15 days" in short_history_words(settings(store, days=14))
    assert short_history_words(settings(store, days=15)) == ""


def test_prune_says_what_would_go_and_takes_it(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    cut = "2024-10-07T00:00:00Z"
    act_prune(None, store.path, older_than=cut, max_size=None, is_dry=True)
    told = capsys.readouterr().out
    act_prune(None, store.path, older_than=cut, max_size=None, is_dry=False)

    assert told.splitlines()[0] == f"30 entries, 3 spans, 3 dead letters from before {cut} would be pruned by age"
    assert capsys.readouterr().out.startswith(f"30 entries, 3 spans, 3 dead letters from before {cut} pruned by age\n")
    assert count(store, "entries") == 20


def test_a_size_that_is_none_is_wrong(store: Store) -> None:
    with pytest.raises(ConfigError, match="Write 5GiB or 800MiB"):
        act_prune(None, store.path, older_than=None, max_size="much", is_dry=True)


def test_a_report_of_what_is_kept_stays_and_its_sums_tell_what_went(store: Store) -> None:
    config = settings(store, days=2)
    window = Window(FIRST_DAY_NS + 4 * DAY_NS, NOW_NS)
    before = pipeline.analyse(config, window=window, now_ns=NOW_NS)

    retain(config, Stop(), now_ns=NOW_NS)

    after = pipeline.analyse(config, window=window, now_ns=NOW_NS)
    assert [(one.id, one.entries) for one in after.clusters] == [(one.id, one.entries) for one in before.clusters]
    assert ledger_words(after) == ledger_words(before) + "; of the stored 33 pruned by age or size"
    assert after.coverage.dead_reasons[-1] == ("not known any more: pruned", 3)


def test_prune_is_a_command(store: Store) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "logtriage.cli", "prune", "--db", store.path, "--older-than", "2024-10-06T00:00Z",
         "--dry-run"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert (ended.returncode, ended.stdout.partition(" from")[0]) == (0, "20 entries, 2 spans, 2 dead letters")
