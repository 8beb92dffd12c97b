"""Record classes do what those of the standard library do; each fact is held for both."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any

import pytest

from collector import record_class


@dataclasses.dataclass(frozen=True, slots=True)
class _Theirs:
    name: str
    many: int = 3
    tags: list[str] = field(default_factory=list)
    hidden: str = field(default="x", repr=False, compare=False)
    fixed: int = field(default=7, init=False)


@record_class.dataclass(frozen=True, slots=True)
class _Ours:
    name: str
    many: int = 3
    tags: list[str] = field(default_factory=list)
    hidden: str = field(default="x", repr=False, compare=False)
    fixed: int = field(default=7, init=False)


@pytest.fixture(params=[_Theirs, _Ours])
def made(request: pytest.FixtureRequest) -> Any:
    return request.param


class TestFrozenAndSlotted:
    def test_is_made_of_its_fields_in_order_or_by_name(self, made: Any) -> None:
        one = made("a", tags=["t"])

        assert (one.name, one.many, one.tags, one.hidden, one.fixed) == ("a", 3, ["t"], "x", 7)
        assert made("a").tags is not made("a").tags

    @pytest.mark.parametrize(("given", "named"), [((), {}), (("a",), {"fixed": 1}), (("a",), {"other": 1})])
    def test_wrong_arguments_are_told_by_name(self, made: Any, given: Any, named: Any) -> None:
        with pytest.raises(TypeError, match=rf"{made.__name__}.__init__\(\) "):
            made(*given, **named)

    def test_is_equal_by_what_is_compared(self, made: Any) -> None:
        assert made("a", hidden="y") == made("a")
        assert made("a", many=4) != made("a")
        assert made("a") != "a"

    def test_is_shown_with_what_is_told_of_it(self, made: Any) -> None:
        assert repr(made("a")) == f"{made.__name__}(name='a', many=3, tags=[], fixed=7)"

    def test_takes_no_other_value(self, made: Any) -> None:
        one = made("a")

        with pytest.raises(dataclasses.FrozenInstanceError, match="name"):
            one.name = "b"
        with pytest.raises(dataclasses.FrozenInstanceError, match="name"):
            del one.name
        assert not hasattr(one, "__dict__")

    def test_is_replaced_matched_and_told_as_a_dictionary(self, made: Any) -> None:
        one = dataclasses.replace(made("a"), many=9)

        match one:
            case made(name, many):
                assert (name, many) == ("a", 9)
            case _:
                pytest.fail("it matches no pattern of its class")
        assert dataclasses.asdict(one) == {"name": "a", "many": 9, "tags": [], "hidden": "x", "fixed": 7}

    @pytest.mark.parametrize("through", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
    def test_is_copied(self, made: Any, through: Callable[[Any], Any]) -> None:
        one = made("a", 4, ["t"], "y")

        assert dataclasses.asdict(through(one)) == dataclasses.asdict(one)


@pytest.mark.parametrize("dataclass", [dataclasses.dataclass, record_class.dataclass])
class TestOthers:
    def test_a_hash_is_that_of_its_values(self, dataclass: Any) -> None:
        @dataclass(frozen=True)
        class One:
            name: str

        @dataclass(frozen=True)
        class Two(One):
            many: int

        @dataclass(frozen=True)
        class Empty:
            pass

        assert hash(One("a")) == hash(("a",))
        assert hash(Two("a", 2)) == hash(("a", 2))
        assert (hash(Empty()), Empty()) == (hash(()), Empty())

    def test_what_changes_has_no_hash_and_is_looked_at_when_made(self, dataclass: Any) -> None:
        @dataclass
        class One:
            name: str
            long: int = field(init=False)

            def __post_init__(self) -> None:
                self.long = len(self.name)

            def __repr__(self) -> str:
                return "own"

        one = One("abc")
        one.name = "b"

        assert (one.name, one.long, repr(one)) == ("b", 3, "own")
        with pytest.raises(TypeError, match="unhashable"):
            hash(one)

    def test_one_of_a_subclass_that_comes_first_is_made_by_its_own_constructor(self, dataclass: Any) -> None:
        @dataclass(slots=True)
        class One:
            name: str

        @dataclass(slots=True)
        class Two(One):
            many: int = 2

        class Plain(One):
            pass

        assert (Two("a").many, Plain("b").name, One("c").name) == (2, "b", "c")
