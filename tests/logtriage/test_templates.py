"""What a template uses is what its context has, and the other way round."""

import jinja2.meta
import jinja2.nodes
import pytest

from logtriage.template_contexts import TEMPLATES
from logtriage.templating import template_environment


def _source(name: str) -> str:
    loader = template_environment().loader
    assert loader is not None
    return loader.get_source(template_environment(), name)[0]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_uses_the_fields_of_its_context(name: str) -> None:
    used = jinja2.meta.find_undeclared_variables(template_environment().parse(_source(name)))
    unused_here = {"is_wrong"}  # a colour on a terminal

    imported = {node.target for node in template_environment().parse(_source(name)).find_all(jinja2.nodes.Import)}
    assert used - imported == set(TEMPLATES[name].__struct_fields__) - unused_here


def test_every_template_has_a_context() -> None:
    names = template_environment().list_templates()

    assert {name for name in names if not name.startswith(("_", "builtin/"))} == set(TEMPLATES)


@pytest.mark.parametrize("name", ["_macros.j2", "_page.html.j2"])
def test_macros_use_nothing_but_their_arguments(name: str) -> None:
    assert jinja2.meta.find_undeclared_variables(template_environment().parse(_source(name))) == set()
