"""Grad-CAM layer by layer: a network above its all-Ghost twin, for each picture, as in the paper's figures 8 and 9."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from opbench.errors import UsageError
from reports.layout.canvas import write_beside
from reports.layout.style import FAINT, INK, styled, to_svg

THUMBNAIL = 75
"""Pixels: a map of the deepest layers has 7x7 values, and a page of full pictures would have megabytes."""
_CELL, _ABOVE, _LEFT = 0.74, 0.75, 1.05  # inches: a thumbnail with its gap, room for the heads, for the labels
_SHARE = 0.55  # of a thumbnail's colour that is the map's
_SHADES = "inferno"


def layer_maps_figure(
    inside: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], names: Sequence[str] = ()
) -> bytes:
    """SVG: two rows a picture, a column a layer of the body.

    inside: `inside.json`; arrays: `maps.npz`, as `impls.hadaptive.inspect` writes them. names: the pictures to show,
    all where empty. Raises UsageError for a picture that is not there.
    """
    places = _places(inside["pictures"], names)
    layers = inside["layers"]
    with styled():
        size = (_LEFT + _CELL * (len(layers) + 1), _ABOVE + 2 * _CELL * len(places))
        figure = Figure(figsize=size)
        row_axes = figure.subplots(2 * len(places), len(layers) + 1, squeeze=False)
        figure.subplots_adjust(
            left=_LEFT / size[0], right=0.997, top=1 - _ABOVE / size[1], bottom=0.012, wspace=0.06, hspace=0.08
        )
        for row, (place, side) in enumerate((place, side) for place in places for side in ("network", "twin")):
            _row(row_axes[row], arrays["pictures"][place], arrays[side][place])
            _label(row_axes[row][0], _side(inside, side), inside["pictures"][place] if side == "network" else "")
        _heads(row_axes[0], layers)
        _title(figure, inside, size)
        return to_svg(figure)


def _places(pictures: Sequence[str], names: Sequence[str]) -> list[int]:
    if missing := [name for name in names if name not in pictures]:
        raise UsageError(f"no picture {', '.join(missing)}; there are: {', '.join(pictures)}")
    return [pictures.index(name) for name in names or pictures]


def _row(row_axes: Sequence[Axes], picture: npt.NDArray[np.uint8], maps: npt.NDArray[Any]) -> None:
    small = _thumbnail(picture / 255)
    for ax, shown in zip(
        row_axes, [small, *(_over(small, _thumbnail(layer_map / 255)) for layer_map in maps)], strict=True
    ):
        ax.imshow(np.clip(shown, 0, 1), interpolation="nearest")
        ax.set_xticks([])
        ax.set_yticks([])
        ax.grid(visible=False)
        for spine in ax.spines.values():
            spine.set_visible(False)


def _over(picture: npt.NDArray[Any], strength: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The map's colours over the picture in grey, which cannot be taken for them."""
    grey = picture.mean(axis=2, keepdims=True).repeat(3, axis=2)
    colours = mpl.colormaps[_SHADES](strength)[..., :3]
    mixed: npt.NDArray[Any] = (1 - _SHARE) * grey + _SHARE * colours
    return mixed


def _thumbnail(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """At most THUMBNAIL pixels an edge, by leaving pixels out."""
    step = max(1, -(-image.shape[0] // THUMBNAIL))
    return image[::step, ::step]


def _side(inside: Mapping[str, Any], side: str) -> str:
    if side == "twin":
        return "all-Ghost twin"
    name = str(inside["network"])
    return f"Hadaptive-Net-{name[-1].upper()}" if name.startswith("hadaptive_net_") else name


def _label(ax: Axes, side: str, picture: str) -> None:
    style: Any = {"xycoords": "axes fraction", "ha": "right", "color": INK}
    write_beside(ax, side, (0, 0.5), (-6, 0), va="center", fontsize=7.5, **style)
    if picture:
        write_beside(ax, picture, (0, 1), (-6, -4), va="top", fontsize=8, fontweight="bold", **style)


def _heads(row_axes: Sequence[Axes], layers: Sequence[Mapping[str, Any]]) -> None:
    """Each layer's kind, channels and an arrow where it halves the edge. The twin has Ghost where this says ACH."""
    row_axes[0].set_title("picture", fontsize=7.5, fontweight="normal", pad=4)
    for ax, layer in zip(row_axes[1:], layers, strict=True):
        strong = "bold" if layer["kind"] == "ACH" else "normal"
        arrow = " ↓" if layer["stride"] > 1 else ""
        ax.set_title(f"{layer['kind']}{arrow}\n{layer['channels']}", fontsize=7.5, fontweight=strong, pad=4)


def _title(figure: Figure, inside: Mapping[str, Any], size: tuple[float, float]) -> None:
    accuracies = inside["accuracies"]
    figure.text(
        0.08 / size[0], 1 - 0.17 / size[1], "Where each layer finds the class: Grad-CAM, bright is much",
        fontsize=10, fontweight="bold", va="center",
    )  # fmt: skip
    figure.text(
        0.08 / size[0], 1 - 0.36 / size[1],
        f"trained on {inside['data']}, {inside['settings']['epochs']} epochs, seed {inside['settings']['seed']}; "
        f"test accuracy {accuracies['network']:.1%}, twin {accuracies['twin']:.1%}; "
        "↓ halves the edge; each map is scaled alone",
        fontsize=7.5, color=FAINT, va="center",
    )  # fmt: skip
