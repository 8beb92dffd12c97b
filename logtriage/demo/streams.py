"""Named streams of random numbers: what one concern draws never moves what another one draws."""

import random
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Streams", "hex_digits", "uuid_text"]

T = TypeVar("T")


class Streams:
    """One `random.Random` per name, seeded by text, so that every machine and Python draws the same."""

    def __init__(self, scenario: str, seed: int) -> None:
        self._prefix = f"{scenario}/{seed}"
        self._by_name: dict[str, random.Random] = {}

    def of(self, name: str) -> random.Random:
        """The stream of one concern; asked twice, it goes on where it was."""
        stream = self._by_name.get(name)
        if stream is None:
            stream = random.Random(f"{self._prefix}/{name}")  # noqa: S311 - a repeatable simulation, no secret
            self._by_name[name] = stream
        return stream

    def choice(self, name: str, options: Sequence[T]) -> T:
        """One of the options, drawn from the named stream."""
        return self.of(name).choice(options)


def hex_digits(rng: random.Random, length: int) -> str:
    """Lower-case hex digits."""
    return f"{rng.getrandbits(4 * length):0{length}x}"


def uuid_text(rng: random.Random) -> str:
    """A version 4 UUID."""
    h = hex_digits(rng, 32)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"
