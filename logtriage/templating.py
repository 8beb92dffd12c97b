"""Templates over their contexts: those that come along, and before them those of a user's folder, in a sandbox.

A folder's template wins over ours of the same name; `builtin/NAME` is always ours, to be extended or imported. A wrong
one ends in one sentence that says which file and line, and which names it may use.
"""

import traceback
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from collector.datafiles import data_folder
from logtriage.errors import RenderError
from logtriage.escape import block, code, fenced, md, plain
from logtriage.wording import count

if TYPE_CHECKING:
    import jinja2

__all__ = ["BUILTIN", "fill", "source_of", "template_environment"]

BUILTIN = "builtin"  # the prefix under which ours are found whatever a folder holds
_KINDS = (".j2", ".css", ".js")
# What an expression of a template may raise beside jinja's own errors.
_OF_EXPRESSIONS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def fill(name: str, context: Any, folder: Path | None = None) -> str:
    """A template over its context, a record. RenderError when it is wrong, or the folder is none."""
    import jinja2  # noqa: PLC0415 - keeps the other formats quick

    values = asdict(context)
    environment = template_environment(folder)
    try:
        return environment.get_template(name).render(values)
    except (jinja2.TemplateError, OSError, UnicodeDecodeError, *_OF_EXPRESSIONS) as error:
        raise RenderError(_sentence(error, name, folder, sorted(values))) from error


def source_of(name: str, folder: Path | None = None) -> str:
    """The text of a file that pages take in as it stands, such as a style sheet. RenderError as `fill` does."""
    import jinja2  # noqa: PLC0415 - as above

    environment = template_environment(folder)
    try:
        text: str = environment.loader.get_source(environment, name)[0]  # type: ignore[union-attr]  # it has one
    except (jinja2.TemplateError, OSError, UnicodeDecodeError) as error:
        raise RenderError(_sentence(error, name, folder, [])) from error
    if "</" in text:
        raise RenderError(
            f"{_place(name, folder)} holds `</`, which would end its place in a page. Write it otherwise."
        )
    return text


@cache
def template_environment(folder: Path | None = None) -> "jinja2.Environment":
    """Jinja, strict: a variable that the context lacks is an error. HTML is escaped by itself, also that of a folder.

    RenderError when the folder is none, or holds a template that nothing would read.
    """
    import jinja2  # noqa: PLC0415 - as above
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 - as above

    ours = jinja2.FileSystemLoader(data_folder(__file__, "templates"))
    loaders: list[jinja2.BaseLoader] = [ours, jinja2.PrefixLoader({BUILTIN: ours})]
    if folder is not None:
        _check_folder(folder, set(ours.list_templates()))
        loaders.insert(0, jinja2.FileSystemLoader(folder))
    environment = (jinja2.Environment if folder is None else ImmutableSandboxedEnvironment)(
        loader=jinja2.ChoiceLoader(loaders),
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(("html", "html.j2"), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update({"block": block, "code": code, "fenced": fenced, "md": md, "count": count})
    return environment


def _check_folder(folder: Path, ours: set[str]) -> None:
    try:
        names = sorted(path.name for path in folder.iterdir() if path.suffix in _KINDS)
    except OSError as error:
        raise RenderError(
            f"report.templates is `{folder}`, which cannot be read: {error.strerror}. Give a folder of templates, or "
            "remove the key."
        ) from error
    unread = [name for name in names if name not in ours and not name.startswith("_")]
    if unread:
        known = ", ".join(sorted(name for name in ours if not name.startswith("_")))
        raise RenderError(
            f"report.templates: `{folder / unread[0]}` is the name of no template; known names: {known}. Correct the "
            "name, or begin it with _ if another template imports it."
        )


def _sentence(error: BaseException, name: str, folder: Path | None, known: list[str]) -> str:
    """What is wrong, where, and what to do."""
    import jinja2  # noqa: PLC0415 - as above

    place, what = _place(name, folder), plain(error, 300).rstrip(".")
    line: int | None = None
    if isinstance(error, jinja2.TemplateSyntaxError):
        place, line = error.filename or _place(error.name or name, folder), error.lineno
    elif isinstance(error, jinja2.TemplateNotFound):
        what = f"there is no template `{plain(error.name, 100)}`"
    else:
        found = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
        if found:
            place, line = found[-1].filename, found[-1].lineno
    names = f" It may use: {', '.join(known)}." if known and isinstance(error, jinja2.UndefinedError) else ""
    do = "Mend it, or take it out of the folder" if folder is not None else "Reinstall logtriage, or mend the template"
    return f"{place}{f':{line}' if line else ''}: {what}.{names} {do}."


def _place(name: str, folder: Path | None) -> str:
    own = folder / name if folder is not None else None
    return str(own) if own is not None and own.is_file() else f"templates/{name}"
