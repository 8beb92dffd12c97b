"""One roof over all errors."""

from collector import errors as collector_errors
from logtriage import errors


def test_every_error_is_re_exported_and_drawn_in_the_tree() -> None:
    assert errors.__doc__ is not None
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.LogtriageError)
        assert name in errors.__doc__
    assert set(collector_errors.__all__) <= set(errors.__all__)


def test_only_what_may_pass_is_retryable() -> None:
    retryable = {name for name in errors.__all__ if getattr(errors, name).is_retryable}

    assert retryable == {"NotifyUncertain", "NotifyUnavailable", "SourceUnavailable", "StoreBusy"}
