"""Section `verify` of config.yaml: what cannot be tested says what it lacks."""

from typing import Any

import pytest
from pydantic import ValidationError

from classifiers.verification.config import VerifyConfig, route_pattern

WHOLE: dict[str, Any] = {"name": "one", "service": "shop", "kind": "no failures", "status": [500]}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": []}, "lacks `signature` or `status`"),
        ({"kind": "rate below"}, "lacks `limit`, the share that may fail"),
        ({"kind": "rate below", "limit": 2}, "a share of attempts lies below 1"),
        ({"kind": "faster than"}, "lacks `limit`, in ms"),
        ({"kind": "event follows"}, "lacks `event`"),
        ({"kind": "field present", "event": "order.done"}, "lacks `field`"),
        ({"kind": "better"}, "no failures"),
        ({"signature": "Not Hex"}, "match pattern"),
        ({"name": ""}, "at least 1 character"),
    ],
)
def test_what_cannot_be_tested_is_refused_with_what_it_lacks(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=r".") as refused:
        VerifyConfig.model_validate({"criteria": [WHOLE | changes]})

    assert told in str(refused.value)


def test_two_criteria_have_two_names() -> None:
    with pytest.raises(ValidationError, match="two criteria are named `one`"):
        VerifyConfig.model_validate({"criteria": [WHOLE, WHOLE]})


def test_a_route_names_a_part_of_a_path_by_a_star() -> None:
    assert route_pattern("POST /orders/*").startswith(r"POST\ /orders/[^/?]*")
