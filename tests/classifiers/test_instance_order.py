"""What stands before what in an instance, found for all at once, is what each pair says for itself."""

import random

import numpy as np
import pytest

from classifiers.instance_order import Places, find_before, lags_of

_WITHIN_NS = 5


@pytest.mark.parametrize("seed", range(20))
def test_what_failed_once_has_before_it_what_each_pair_says(seed: int) -> None:
    chance = random.Random(seed)
    places: dict[str, Places] = {
        f"c{number}": {
            f"i{chance.randrange(3)}": np.sort(np.array(chance.choices(range(40), k=chance.choice([0, 1, 1, 3]))))
            for _ in range(chance.choice([0, 1, 1, 2]))
        }
        for number in range(12)
    }
    once = {name for name, mine in places.items() if sum(map(len, mine.values())) == 1}

    found = find_before(places, _WITHIN_NS)

    assert found == {
        name: {other for other in places if other != name and len(lags_of(places[name], places[other], _WITHIN_NS))}
        for name in once
    }
