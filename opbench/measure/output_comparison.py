"""Outputs that were taken while sampling against the reference of the values that the input held then.

Nothing here runs before sampling is over: until then no reference of any timed call exists in the process, and whoever
looks for one, in frames or among the garbage collector's objects, finds none.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch

from opbench.measure.compare import compare, refused, rms
from opbench.measure.output_samples import Taken
from opbench.measure.redrawn_inputs import Redrawing, Values
from opbench.vocabulary.backend import Inputs
from opbench.vocabulary.case import Point
from opbench.vocabulary.operator import Operator, Tolerance
from opbench.vocabulary.record import Check

ULPS = 16
"""Units in the last place by which the input is moved to see whether the reference jumps there."""

JUMP = 0.25
"""Of a miss's error: a reference that moves by this much when the input does by ULPS says nothing of that miss."""


class Undecided(Exception):  # noqa: N818  (it is what was found, not a mistake)
    """At these values the reference jumps, or refuses the point: no backend can be judged by them."""


@dataclass
class Round:
    """One round that is looked at. values: those that the input held in turn.

    taken: by label, what was taken and which of the values it is of. unmoved: by label, the place of an element whose
    sign changed and left the whole output as it was, while the input held which of the values. broken: by label, what
    is wrong beside the outputs.
    """

    values: tuple[Values, ...]
    taken: dict[str, list[tuple[int, Taken]]] = field(default_factory=dict)
    unmoved: dict[str, tuple[int, int]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)


@dataclass
class Judge:
    """Of one point. The input is left as the last reference had it."""

    operator: Operator
    point: Point
    inputs: Inputs
    redrawing: Redrawing

    def misses(self, looked: Round, final: bool) -> dict[str, Check]:
        """By label, what did not pass. Raises Undecided; not where `final`, then what misses, misses."""
        found: dict[str, Check] = {}
        for which, values in enumerate(looked.values):
            want = self._want(values, final)
            scale = rms(want) if self.tolerance.atol else 0.0
            for label, takes in looked.taken.items():
                for taken in (one for of, one in takes if of == which):
                    check = self.compared(taken, want, scale)
                    if not check.passed and label not in found:
                        if not final and not taken.problem and self._jumps(values, taken, want):
                            raise Undecided
                        found[label] = check
            for label, (of, place) in looked.unmoved.items():
                if of == which and label not in found and self._must_move(values, place, want, scale):
                    detail = "returned the same result although one element of its input had changed"
                    found[label] = refused(self.tolerance, want.numel(), detail)
        elements = want.numel()
        return found | {label: refused(self.tolerance, elements, why) for label, why in looked.broken.items()}

    def compared(self, taken: Taken, want: torch.Tensor, scale: float) -> Check:
        """One output against the reference (any shape, float64) of the same values."""
        if taken.problem:
            return refused(self.tolerance, want.numel(), taken.problem)
        if isinstance(taken.values, torch.Tensor) and taken.shape != want.shape:
            detail = f"returned shape {tuple(taken.shape)}, expected {tuple(want.shape)}"
            return refused(self.tolerance, want.numel(), detail)
        wanted = want if not isinstance(taken.values, torch.Tensor) else taken.places.of(want)
        check = compare(taken.values, wanted, self.tolerance, self._dtype, scale)
        return replace(check, elements=wanted.numel())

    @property
    def tolerance(self) -> Tolerance:
        return self.operator.tolerance(self.point)

    @property
    def _dtype(self) -> torch.dtype:
        found: torch.dtype = getattr(torch, self.operator.output_dtype(self.point))
        return found

    def _want(self, values: Values, final: bool) -> torch.Tensor:
        self.redrawing.put(values)
        try:
            return self.operator.reference(self.point, self.inputs)
        except Exception as exc:
            if final:
                raise
            raise Undecided from exc

    def _jumps(self, values: Values, taken: Taken, want: torch.Tensor) -> bool:
        """Whether the reference of the worst element moves about as far as that is off, where the input is moved by
        what rounding could.
        """
        if not isinstance(taken.values, torch.Tensor) or taken.shape != want.shape or not want.numel():
            return False
        if taken.values.dtype != self._dtype:  # no rounding makes that; a finer one errs by less than any nudge
            return False
        wanted = taken.places.of(want)
        error = (taken.values.double() - wanted).abs()
        worst = int(error.argmax())
        if not bool(error[worst].isfinite()):
            return False
        signs = self.redrawing.signs()
        try:
            for sign in (1, -1):
                self.redrawing.put(values)
                self.redrawing.nudge(sign * ULPS, signs)
                near = taken.places.of(self.operator.reference(self.point, self.inputs))
                if bool((near[worst] - wanted[worst]).abs() >= JUMP * error[worst]):
                    return True
        except Exception:  # noqa: BLE001  (it refuses what is next to a jump)
            return True
        finally:
            self.redrawing.put(values)
        return False

    def _must_move(self, values: Values, place: int, want: torch.Tensor, scale: float) -> bool:
        """Whether no output can be right for the values both with the element's sign and with the other."""
        self.redrawing.put(values)
        self.redrawing.negate(place)
        try:
            other = self.operator.reference(self.point, self.inputs)
        except Exception:  # noqa: BLE001  (nothing is known of the other sign, so nothing has to move)
            return False
        finally:
            self.redrawing.put(values)
        if other.shape != want.shape:  # as of what survives a suppression
            return True
        allowed = self.tolerance.atol * scale + self.tolerance.rtol * torch.maximum(want.abs(), other.abs())
        return bool(((other - want).abs() > 2 * allowed).any())
