"""What a backend measures while preparing goes into its record, and the clock times the launch inside alone."""

from __future__ import annotations

import pytest
import torch

from opbench import Backend, Case, Figured, Measured, Point, catalog
from opbench.measure.point import PointMeasurement
from opbench.vocabulary.settings import Settings

from ...cheats.liar.operator import OPERATOR


def test_figures_reach_the_record(liar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Watched(Figured):
        def __call__(self) -> torch.Tensor:
            seen.append("the wrapper")
            return super().__call__()

    def prepare(_: Point, inputs: dict[str, torch.Tensor], __: object, ___: str) -> Figured:
        return Watched(lambda: 2 * inputs["x"] + inputs["offset"], {"load_s": 0.5, "file_bytes": 12.0})

    backend = Backend(about="doubles", prepare=prepare)
    monkeypatch.setattr(catalog, "backend", lambda *_: backend)
    point = Point(liar, OPERATOR.complete({}))
    found = PointMeasurement(point, [Case(point, "honest")], Settings(budget_s=0.01), lambda *_: None)
    outcome = found.run(OPERATOR, OPERATOR.work(point))["honest"]
    assert isinstance(outcome, Measured)
    assert outcome.figures == {"load_s": 0.5, "file_bytes": 12.0}
    assert seen == []
