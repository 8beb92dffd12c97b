"""One service name in two regions: a deploy breaks it in Europe while the other region serves on."""

from tests.support.system import HOUR, MINUTE, System

__all__ = ["AMERICA", "EUROPE", "MISSING", "TWICE", "two_regions"]

EUROPE, AMERICA = "europe-west1", "us-east1"
MISSING = "KeyError: PRICE_TABLE is not set"
# Good and bad revision of each region; with a suffix of their own choice both regions have the same names.
APART = {EUROPE: ("orders-00001-aaa", "orders-00002-bbb"), AMERICA: ("orders-00007-ccc", "orders-00008-ddd")}
TWICE = {EUROPE: ("orders-v1", "orders-v2"), AMERICA: ("orders-v1", "orders-v2")}


def two_regions(
    names: dict[str, tuple[str, str]] = APART, *, with_spans: bool = False, is_failing_everywhere: bool = False
) -> System:
    """Four hours of `orders` in two regions. The same image comes to both; in Europe a variable goes with it."""
    system = System()
    for location, (old, new) in names.items():
        system.location = location
        is_broken = location == EUROPE
        of_old, of_new = {"instance": f"{old}-{location}"}, {"instance": f"{new}-{location}"}
        system.deploy(-HOUR, "orders", old, image="a", env={"PRICE_TABLE": "1"})
        system.traffic("orders", old, 0, 2 * HOUR, **of_old)
        system.deploy(2 * HOUR - 30, "orders", new, image="b", env={} if is_broken else {"PRICE_TABLE": "1"})
        system.traffic("orders", new, 2 * HOUR, 4 * HOUR, every_s=40, **of_new)
        for minute in range(1, 120):
            if is_broken or is_failing_everywhere:
                trace = system.failure(2 * HOUR + minute * MINUTE, "orders", new, MISSING, **of_new)
                if with_spans:
                    system.span(
                        2 * HOUR + minute * MINUTE, "orders", trace, trace[-16:], faas_instance=of_new["instance"]
                    )
    return system
