"""Maps of many fixed axes: what they share is said once, and no text covers or narrows a map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.data.planes import Plane, planes
from reports.layout.mosaic import Tiles, mosaic
from reports.layout.style import styled

from ..builders import measured, record

HELD: dict[str, Any] = {
    "heads": 8,
    "head_width": 64,
    "sequence_length": 1024,
    "kernel": 3,
    "groups": 1,
    "causal": False,
    "padding": 1,
}
DEVICE = "cpu (AMD EPYC 9654 96-Core Processor, 2 threads, versions.torch 2.13.0+cpu)"


def held(value: int) -> dict[str, Any]:
    """The same axes, all at one value."""
    return dict.fromkeys(HELD, value)


def of_batches(count: int, device: str = "cpu") -> list[Plane]:
    """That many maps over channels and edge, each at a batch of its own."""
    every = [
        record(measured(), "a", "attend", device=device, batch=batch, channels=channels, edge=edge, **HELD)
        for batch in range(3, 3 + count)
        for channels in (16, 32, 64, 128)
        for edge in (7, 13, 29, 57)
    ]
    (group,) = planes(every)
    return group


@pytest.fixture
def style() -> Iterator[None]:
    with styled():
        yield


def drawn(group: Sequence[Plane], beside: float = 0.0) -> tuple[Figure, list[Axes]]:
    figure, panels = mosaic([Tiles(plane, {}) for plane in group], "A: a    B: b", beside=beside)
    figure.draw_without_rendering()
    return figure, panels


def title(figure: Figure) -> str:
    found = figure.get_suptitle()
    assert isinstance(found, str)
    return found


def test_axes_that_all_maps_hold_alike_are_in_the_title_and_the_others_above_each(style: None) -> None:
    figure, panels = drawn(of_batches(3))
    said = title(figure).replace("\n", " ")
    for name, value in HELD.items():
        assert said.count(f"{name}={value}") == 1
    assert "batch" not in said
    assert [ax.texts[0].get_text() for ax in panels] == ["batch=3", "batch=4", "batch=5"]


def test_a_map_alone_says_what_it_holds_above_itself(style: None) -> None:
    figure, (panel,) = drawn(of_batches(1))
    assert "heads" not in title(figure)
    assert panel.texts[0].get_text().replace("\n", " ").startswith("batch=3, heads=8, head_width=64, ")


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("beside", [0.0, 1.35])
def test_titles_stay_in_the_figure_and_off_the_maps(count: int, beside: float, style: None) -> None:
    figure, panels = drawn(of_batches(count, DEVICE), beside)
    title_box = figure.texts[0].get_window_extent()
    assert title_box.x1 <= figure.bbox.x1
    for ax in panels:
        written = ax.texts[0].get_window_extent()
        assert title_box.y0 >= written.y1
        assert written.y0 > ax.get_window_extent().y1
        assert written.x1 <= figure.bbox.x1


def test_what_is_written_above_a_map_takes_nothing_of_its_width(style: None) -> None:
    """Maps with much to say, as where two planes hold nothing alike, are as wide as maps with little."""
    many = of_batches(2)
    first = planes([record(batch=b, channels=c, **held(111)) for b in (1, 3, 5) for c in (1, 7, 13)])[0]
    second = planes([record(batch=b, channels=c, **held(222)) for b in (1, 3, 5) for c in (1, 7, 13)])[0]
    _, wide = drawn([*first, *second])
    _, bare = drawn([many[0], many[1]])
    assert wide[0].texts[0].get_text().count("\n") >= 2
    assert wide[0].get_window_extent().width > 0.95 * bare[0].get_window_extent().width


def test_a_device_that_the_setting_names_is_not_named_again(style: None) -> None:
    (plane,) = of_batches(1, "cpu (Abacus 2)")
    figure, _ = drawn([plane])
    assert title(figure).count("Abacus 2") == 1
    (plane,) = of_batches(1)
    figure, _ = drawn([plane])
    assert title(figure).replace("\n", " ").endswith("Abacus 2; float32, forward, cpu, wall clock")
