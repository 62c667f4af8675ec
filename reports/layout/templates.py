"""The templates of the pages and tables, ready to be filled."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from reports.layout.scripts import policy, script

FOLDER = Path(__file__).parents[1] / "templates"


def filled(name: str, **values: object) -> str:
    """Fill the template with the values; they are escaped: names and reasons carry whatever a compiler printed."""
    return template(name).render(values)


def template(name: str) -> Template:
    """Compile a template, which is done once: 30 ms for that of a run's page."""
    return _environment().get_template(name)


def filled_page(name: str, scripts: Sequence[str], **values: object) -> str:
    """Fill the template of a whole page, which carries its style and its scripts, see `reports.layout.scripts`."""
    text = script(scripts)
    return filled(name, style=_style(), script=text, **{"policy": policy(text), **values})


@cache
def _style() -> Markup:
    return Markup((FOLDER / "page.css").read_text(encoding="utf-8"))  # noqa: S704  # our own file


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
