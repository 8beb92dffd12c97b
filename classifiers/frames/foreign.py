"""Frames in Python's form that name a file of another language: payloads that tell frames as objects are written so."""

from collections.abc import Callable

from classifiers.frames import dotnet, go, java, node, php, ruby
from classifiers.frames.base import Frame

__all__ = ["foreign_frame"]


def foreign_frame(path: str, function: str) -> Frame | None:
    """The frame of a file whose ending is another language's; None for all others.

    Java's, .NET's and Go's functions carry their class or package, as their own traces tell them.
    """
    ending = "js" if path.startswith("node:") else path.rpartition(".")[2].partition("?")[0].lower()
    make = _FRAMES.get(ending)
    return make(path, function) if make else None


def _java(path: str, function: str) -> Frame:
    qualified, _, name = function.rpartition(".")
    return java.frame_of(qualified or path.rpartition(".")[0], name)


_Make = Callable[[str, str], Frame]
_OF_LANGUAGES: tuple[tuple[_Make, str], ...] = (
    (node.frame_of, "js ts mjs cjs mts cts jsx tsx vue svelte"),
    (_java, "java kt kts scala groovy"),
    (lambda path, function: go.frame_of(*go.parted(function), path), "go"),
    (ruby.frame_of, "rb erb rake ru"),
    (php.frame_of, "php phtml"),
    (lambda _, function: dotnet.frame_of(function), "cs fs vb"),
)
_FRAMES: dict[str, _Make] = {ending: make for make, endings in _OF_LANGUAGES for ending in endings.split()}
