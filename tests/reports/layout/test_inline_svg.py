"""Identifiers of a figure within a page: those that are defined and used get the prefix, and nothing else does."""

from __future__ import annotations

import pytest

from reports.layout.inline_svg import inline_svg


@pytest.mark.parametrize(
    ("written", "inlined"),
    [
        ('<g id="axes_1"/>', '<g id="f3-axes_1"/>'),
        ('<g\nid="axes_1"/>', '<g\nid="f3-axes_1"/>'),
        ('<use xlink:href="#m1" x="2"/>', '<use xlink:href="#f3-m1" x="2"/>'),
        ('<use href="#m1"/>', '<use href="#f3-m1"/>'),
        ('<g clip-path="url(#p1)"/>', '<g clip-path="url(#f3-p1)"/>'),
        ('<a href="https://example.org/#part"/>', '<a href="https://example.org/#part"/>'),
        ('<g grid="7" fill="#0072B2" id=""/>', '<g grid="7" fill="#0072B2" id=""/>'),
    ],
)
def test_what_is_defined_and_used_gets_the_prefix(written: str, inlined: str) -> None:
    svg = f'<?xml version="1.0"?>\n<svg width="3pt" viewBox="0 0 3 5">{written}</svg>\n'
    expected = f'<svg viewBox="0 0 3 5" role="img" aria-label="what &lt; it">{inlined}</svg>'
    assert inline_svg(svg.encode(), "f3", "what < it") == expected
