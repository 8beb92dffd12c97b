"""Golden files: what is told, to the byte. `pytest --update-golden` rewrites them; their diff is reviewed like code."""

import gc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from collector import own_secrets

# A busy machine is no reason to fail, nor is a folder that may not be written; only what the properties say is. The
# examples are the same each time: `--hypothesis-profile=default` tries others, and benchmarks/ looks for new ones.
settings.register_profile(
    "logtriage", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("logtriage")

_GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden instead of comparing")


def pytest_collection_finish() -> None:
    """Ten thousand collected tests are no garbage: looking through them again and again took a third of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.fixture(autouse=True)
def _nothing_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test held as its own secret is left out of no text of another."""
    monkeypatch.setattr(own_secrets, "_held", {})


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with tests/golden/NAME."""

    def compare(name: str, text: str) -> None:
        path = _GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8", newline="")
        assert path.is_file(), f"there is no tests/golden/{name}; run pytest --update-golden and read the diff"
        assert text == path.read_text(encoding="utf-8")

    return compare
