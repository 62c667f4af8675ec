"""One recorded product in every format after every treatment: how far off, and at which cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from impls.low_precision.formats.names import format_of
from impls.low_precision.products.counting import Cost, cost
from impls.low_precision.products.patterns import Concentration, concentration
from impls.low_precision.products.product import product
from impls.low_precision.products.treatments import treatment_of

if TYPE_CHECKING:
    from torch import Tensor

    from impls.low_precision.layers.recording import Layer


@dataclass(frozen=True)
class Compared:
    """A product a b^T, a (rows, inner) and b (columns, inner).

    kind: one of `recording.KINDS`. concentrations: of a and of b, by rows and by columns.
    errors: by format and treatment, |wrong - right| / |right| in Frobenius norms; against float64 of the same operands.
    costs: the same.
    """

    model: str
    seed: int
    layer: str
    kind: str
    shape: tuple[int, int, int]
    concentrations: tuple[Concentration, Concentration]
    errors: Mapping[str, Mapping[str, float]]
    costs: Mapping[str, Mapping[str, Cost]]


def compared(model: str, seed: int, layer: Layer, formats: Sequence[str], treatments: Sequence[str]) -> list[Compared]:
    """The layer's three products. One of zeros, of which no error is relative, is left out."""
    found = []
    for kind, a, b in layer.products():
        right = a.double() @ b.double().T
        if not bool(right.any()):
            continue
        errors: dict[str, dict[str, float]] = {}
        costs: dict[str, dict[str, Cost]] = {}
        plans = {name: treatment_of(name)(a, b) for name in treatments}
        shape = (len(a), len(b), a.shape[1])
        for name in formats:
            kept = format_of(name)
            errors[name] = {
                treatment: relative_error(product(a, b, plan, kept), right) for treatment, plan in plans.items()
            }
            costs[name] = {treatment: cost(plan, *shape, kept) for treatment, plan in plans.items()}
        where = (concentration(a), concentration(b))
        found.append(Compared(model, seed, layer.name, kind, shape, where, errors, costs))
    return found


def relative_error(wrong: Tensor, right: Tensor) -> float:
    """|wrong - right| / |right|, Frobenius, float64. `right` has an element that is not zero."""
    return float(torch.linalg.norm(wrong - right) / torch.linalg.norm(right))
