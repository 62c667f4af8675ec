"""Parts of a figure say whose they are, in its file, whatever the name."""

from __future__ import annotations

import re
from html import unescape

from reports.figures import fastest, latency
from reports.layout.owners import belongs
from reports.layout.style import styled, to_svg

from ..builders import line, record


def owners(svg: bytes, owner: str = "backend") -> list[str]:
    return [unescape(name) for name in re.findall(rf'\bdata-{owner}="([^"]*)"', svg.decode())]


def test_a_line_its_band_and_both_parts_of_its_entry_belong_to_their_backend() -> None:
    (figure,) = latency.REPORT.render([*line("a", [1e-6, 2e-6]), *line("b:flat#2", [3e-6, 4e-6])])
    assert sorted(owners(figure.data)) == ["a"] * 4 + ["b:flat#2"] * 4
    assert b'id="backend' not in figure.data


def test_operators_are_no_backends() -> None:
    (figure,) = fastest.REPORT.render([*line("a", [1e-6, 2e-6]), *line("a", [3e-6, 4e-6], "other")])
    assert owners(figure.data) == []
    assert set(owners(figure.data, "operator")) == {"rowsum", "other"}


def test_a_name_ends_no_attribute() -> None:
    name = "a\" onload='x' <b>&"
    (figure,) = latency.REPORT.render([record(backend=name)])
    assert set(owners(figure.data)) == {name}
    assert b"<b>" not in figure.data


def test_several_parts_have_one_owner_each() -> None:
    from matplotlib.figure import Figure

    with styled():
        figure = Figure()
        drawn = figure.subplots().plot([1, 2], [[1, 2], [3, 4]])
        belongs(drawn, "x", "operator")
        belongs(drawn[0], "y")
        data = to_svg(figure)
    assert owners(data) == ["y"]
    assert owners(data, "operator") == ["x"]
