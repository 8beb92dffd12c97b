"""`replace`, for type checkers that of dataclasses: they check its names and values, and let msgspec's take any."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import replace
else:
    from msgspec.structs import replace

__all__ = ["replace"]
