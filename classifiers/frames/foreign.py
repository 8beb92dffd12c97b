"""Frames in Python's form that name a file of another language: payloads that tell frames as objects are written so."""

from classifiers.frames import dotnet, go, java, node, php, ruby
from classifiers.frames.base import Frame

__all__ = ["foreign_frame"]


def foreign_frame(path: str, function: str) -> Frame | None:
    """The frame of a file whose ending is another language's; None for all others.

    Java's, .NET's and Go's functions carry their class or package, as their own traces tell them.
    """
    ending = path.rpartition(".")[2].partition("?")[0].lower()
    qualified, _, name = function.rpartition(".")
    if ending in {"js", "ts", "mjs", "cjs", "mts", "cts", "jsx", "tsx", "vue", "svelte"} or path.startswith("node:"):
        return node.frame_of(path, function)
    if ending in {"java", "kt", "kts", "scala", "groovy"}:
        return java.frame_of(qualified or path.rpartition(".")[0], name)
    if ending == "go":
        return go.frame_of(*go.parted(function), path)
    if ending in {"rb", "erb", "rake"}:
        return ruby.frame_of(path, function)
    if ending == "php":
        return php.frame_of(path, function)
    if ending in {"cs", "fs", "vb"}:
        return dotnet.frame_of(function)
    return None
