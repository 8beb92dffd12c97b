"""Stack traces in text: texts in; exceptions, innermost cause first, and their frames out. A module a language."""

from classifiers.frames.base import Frame, Thrown, Trace
from classifiers.frames.reading import read_trace
from classifiers.frames.thrown import exception_in_line

__all__ = ["Frame", "Thrown", "Trace", "exception_in_line", "read_trace"]
