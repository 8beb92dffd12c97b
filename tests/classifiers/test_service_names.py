import pytest

from classifiers.service_names import location_of, plain_name


@pytest.mark.parametrize(
    ("service", "name", "location"),
    [
        ("shop", "shop", ""),
        ("", "", ""),
        ("shop (europe-west1)", "shop", "europe-west1"),
        ("shop (northamerica-northeast1)", "shop", "northamerica-northeast1"),
        ("Shop (blue)", "Shop (blue)", ""),
        ("(europe-west1)", "(europe-west1)", ""),
    ],
)
def test_a_name_tells_its_location_where_there_are_several(service: str, name: str, location: str) -> None:
    assert (plain_name(service), location_of(service)) == (name, location)
