"""The scripts of the pages, put into the page itself, and the policy under which nothing else runs there.

They are ours, without a library: Plotly 4.1's bundle that draws lines is 1.2 MB and all of it 4.8 MB, Vega 6.4
with Vega-Lite and its embedding 0.83 MB, and either would be in every report. What a page needs of them, lines with
intervals over an axis and tables that are sorted and filtered, is 47 kB in all of ours.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from markupsafe import Markup

FOLDER = Path(__file__).parents[1] / "templates" / "scripts"

COMMON = ("elements", "quantities", "theme", "table_rows", "table_sort", "table_columns", "selection", "filter_bar")
"""What every page has, in the order in which one needs the other."""


def script(names: Sequence[str]) -> Markup:
    """Join files of the folder into the text of one `<script>`; their names are known to each other and to nobody else.

    Raises FileNotFoundError for a name that is no file.
    """
    texts = [_text(name) for name in names]
    return Markup('"use strict";\n(() => {\n' + "\n".join(texts) + "})();\n")  # noqa: S704  # our own files


@cache
def _text(name: str) -> str:
    """A site has thousands of pages of the same scripts."""
    return (FOLDER / f"{name}.js").read_text(encoding="utf-8")


def policy(*script_texts: str, connects: bool = False) -> str:
    """The Content-Security-Policy of a page with these scripts alone: nothing else is loaded, sent or framed.

    Styles are written into the page and its figures, and other packages' figures may hold pictures.
    connects: whether its script may ask the server that the page came from.
    """
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in script_texts]
    parts = {
        "default-src": "'none'",
        "script-src": " ".join(f"'sha256-{digest}'" for digest in digests),
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        **({"connect-src": "'self'"} if connects else {}),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())
