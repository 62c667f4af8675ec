"""Every form of a grid in the place of the model's last two blocks, against the paper's row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from impls.hadaptive.replacing.forms.grids import EDGE, Form, inverted_residuals, shuffle_units, star_blocks
from impls.hadaptive.replacing.forms.parts import Parts, bare, convolution, depthwise, squeeze, total
from impls.hadaptive.replacing.reported import FLOPS, PARAMETERS, reported

REPLACED = 2
"""Blocks, from the end."""


@dataclass(frozen=True)
class Grid:
    """model: the unchanged model's cost, which `subjects.network` has. block: of one of its last two blocks."""

    model: Parts
    block: Parts
    forms: Callable[[], Iterator[Form]]


def _inverted_residual(channels: int, wide: int, kernel: int, squeezed: int) -> Parts:
    inner = total(depthwise(wide, EDGE, kernel), squeeze(wide, squeezed, EDGE))
    return total(convolution(channels, wide, EDGE), inner, convolution(wide, channels, EDGE))


def _shuffle_unit(branch: int) -> Parts:
    return total(convolution(branch, branch, EDGE), depthwise(branch, EDGE, 3), convolution(branch, branch, EDGE))


def _star_block(channels: int, ratio: int, edge: int) -> Parts:
    around = total(depthwise(channels, edge, 7), depthwise(channels, edge, 7, norm=False))
    factor = bare(channels, ratio * channels, edge)
    return total(around, factor, factor, convolution(ratio * channels, channels, edge))


STARNET = Parts(2_678_708, 427_158_272)
BEFORE = " (two blocks of the stage before)"


GRIDS = {
    "MobileNetV3-S": Grid(
        Parts(1_614_738, 61_550_744), _inverted_residual(96, 576, 5, 144), lambda: inverted_residuals(96)
    ),
    "MobileNetV4-S": Grid(
        Parts(2_621_124, 192_759_232), _inverted_residual(128, 512, 3, 0), lambda: inverted_residuals(128)
    ),
    "ShuffleNetV2-1.0": Grid(Parts(1_356_104, 151_787_192), _shuffle_unit(232), lambda: shuffle_units(232)),
    "StarNet-S1": Grid(STARNET, _star_block(192, 4, EDGE), lambda: star_blocks(192, EDGE)),
    f"StarNet-S1{BEFORE}": Grid(STARNET, _star_block(96, 4, 2 * EDGE), lambda: star_blocks(96, 2 * EDGE)),
}
"""By the label of table 5."""


def tried(label: str) -> tuple[int, list[Form]]:
    """How many forms there are, and those with the paper's parameters and FLOPs, rounded or cut off."""
    grid = GRIDS[label]
    row = next(row for row in reported()["table5"] if row["model"] == label.removesuffix(BEFORE))
    number, agreeing = 0, []
    for form in grid.forms():
        number += 1
        parameters, flops = changed(grid, form)
        if PARAMETERS.agrees(parameters, row["params_m"][1]) and FLOPS.agrees(flops, row["flops_m"][1]):
            agreeing.append(form)
    return number, agreeing


def changed(grid: Grid, form: Form) -> tuple[int, int]:
    """Parameters and FLOPs (twice thop's count) of the model with two such blocks."""
    parameters = grid.model.parameters + REPLACED * (form.cost.parameters - grid.block.parameters)
    thop = grid.model.thop + REPLACED * (form.cost.thop - grid.block.thop)
    return parameters, 2 * thop
