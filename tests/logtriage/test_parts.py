"""Parts of a job: heard where somebody listens, and nothing where nobody does."""

import contextlib
import threading
from collections.abc import Iterator, Mapping

from logtriage.parts import PartName, Told, listen, part, silence


class _Heard:
    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, str], dict[str, float]]] = []

    @contextlib.contextmanager
    def begin(self, name: PartName, of: Mapping[str, str]) -> Iterator[Told]:
        figures: dict[str, float] = {}

        class _Told:
            def tell(self, **more: float) -> None:
                figures.update(more)

        yield _Told()
        self.told.append((name, dict(of), figures))


def test_a_part_is_told_to_whoever_listens_in_its_thread() -> None:
    heard = _Heard()
    token = listen(heard.begin)
    with part("pull", source="logs") as told:
        told.tell(stored=3)
    elsewhere = threading.Thread(target=lambda: part("pull", source="other").__enter__())
    elsewhere.start()
    elsewhere.join()
    silence(token)
    with part("pull", source="later") as told:
        told.tell(stored=1)

    assert heard.told == [("pull", {"source": "logs"}, {"stored": 3})]
