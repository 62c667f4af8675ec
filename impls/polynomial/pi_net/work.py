"""What one Pi-Net costs, forward, and backward with the gradients of all inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.seeded import itemsize
from opbench import Work

if TYPE_CHECKING:
    from opbench import Point

NORM_FORWARD = 5
"""Mean, subtract, square, mean, multiply: operations an element; two a row, the epsilon and the root."""
NORM_BACKWARD = 7
"""Two means, the product within one of them, two subtractions, two multiplications: operations an element."""


def work(point: Point) -> Work:
    """Every multiply-accumulate of the definition; a Hadamard product an element of every degree from 2 on.

    What is multiplied or added by broadcasting (NCP's b, beta), the skip and the norm are elementwise. Backward: the
    projections and the degrees again, then the gradients of all inputs, each sum over the batch an operation an
    element. The bytes are those of all inputs once and of all results once.
    """
    axes = point.axes
    batch, features, hidden, degree = axes["batch"], axes["features"], axes["hidden"], axes["degree"]
    ncp, skip, norm = axes["form"] == "ncp", axes["skip"], axes["norm"]
    elements, later = batch * hidden, degree - 1
    projections, outputs = degree * elements * features, elements * axes["classes"]
    squares = later * elements * hidden if ncp else 0
    parameters = degree * hidden * features + axes["classes"] * (hidden + 1)
    parameters += (later * hidden + degree) * hidden if ncp else 0
    added = degree * elements if ncp else 0
    steps = added + later * (elements * (skip + NORM_FORWARD * norm) + 2 * batch * norm)
    size, given, returned = itemsize(point), batch * features + parameters, batch * axes["classes"]
    if point.mode != "backward":
        return Work(
            macs=projections + squares + outputs,
            products=later * elements,
            elementwise=steps + returned,
            bytes_read=given * size,
            bytes_written=returned * size,
        )
    return Work(
        macs=3 * (projections + squares) + 2 * outputs,
        products=3 * later * elements + (elements if ncp else 0),
        elementwise=steps
        + later * elements * (skip + NORM_BACKWARD * norm)
        + (added + elements if ncp else 0)
        + returned,
        bytes_read=(given + returned) * size,
        bytes_written=given * size,
    )
