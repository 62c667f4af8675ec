"""Orders of models held against each other: the paper's latencies, ours, MACs and parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opbench.store.environment_kinds import sort_of
from reports.models.classifiers import Bench, shown
from reports.models.reported import Classifier, table7

FAR = 3
"""Ranks a model may move before a sentence is written about it."""

FEWEST = 5
"""Models below which a rank correlation says nothing."""


@dataclass(frozen=True)
class Ranks:
    """Ranks of the models that both have a latency of, 1 the least.

    column: of the paper, `CPU` or `GPU`.
    """

    bench: Bench
    runtime: str
    column: str
    operators: Sequence[str]
    ours: Mapping[str, float]
    paper: Mapping[str, float]
    macs: Mapping[str, float]
    parameters: Mapping[str, float]

    @property
    def moved(self) -> list[str]:
        """Operators whose rank differs by more than FAR, the farthest first."""
        by = {name: abs(self.ours[name] - self.paper[name]) for name in self.operators}
        return sorted((name for name in self.operators if by[name] > FAR), key=lambda name: -by[name])

    def correlation(self, a: Mapping[str, float], b: Mapping[str, float]) -> float:
        """Correlate two orders by Spearman: 1 is the same order, -1 the reverse."""
        from scipy.stats import spearmanr

        return float(spearmanr([a[name] for name in self.operators], [b[name] for name in self.operators]).statistic)

    def sentence(self, operator: str) -> str:
        """Write where a model stands here and there, and whether its work would have placed it nearer to here."""
        here, there, count = self.ours[operator], self.paper[operator], len(self.operators)
        macs, parameters = self.macs[operator], self.parameters[operator]
        return (
            f"{shown(operator)}: rank {there:g} of {count} in the paper, {here:g} here; {macs:g} by MACs and "
            f"{parameters:g} by parameters, {self._reading(operator)}."
        )

    def _reading(self, operator: str) -> str:
        here, far = self.ours[operator], abs(self.ours[operator] - self.paper[operator])
        sides = {"MACs": self.macs[operator], "parameters": self.parameters[operator]}
        nearer = [name for name, rank in sides.items() if abs(rank - here) < far]
        if len(nearer) == 1:
            return f"that by {nearer[0]} nearer to ours than the paper's"
        return f"{'both' if nearer else 'neither'} nearer to ours than the paper's"


def ranks(bench: Bench, runtime: str) -> Ranks | None:
    """Rank one runtime's models; None for fewer than FEWEST that are both reported and measured."""
    reported = table7()
    comparable = [
        name
        for name in bench.models
        if (name, runtime) in bench.times and shown(name) in reported and bench.any(name).work is not None
    ]
    if len(comparable) < FEWEST:
        return None
    column = "GPU" if sort_of(bench.place.device) == "cuda" else "CPU"
    return Ranks(
        bench,
        runtime,
        column,
        comparable,
        ours=_ranked({name: bench.times[name, runtime].mid for name in comparable}),
        paper=_ranked({name: _latency(reported[shown(name)], column) for name in comparable}),
        macs=_ranked({name: _macs(bench, name) for name in comparable}),
        parameters=_ranked({name: bench.any(name).sizes["parameters"] for name in comparable}),
    )


def _latency(row: Classifier, column: str) -> float:
    return row.gpu_s if column == "GPU" else row.cpu_s


def _macs(bench: Bench, operator: str) -> float:
    work = bench.any(operator).work
    return work.macs if work else 0.0


def _ranked(values: Mapping[str, float]) -> dict[str, float]:
    """1 for the least; equal values share the mean of their ranks."""
    from scipy.stats import rankdata

    return dict(zip(values, map(float, rankdata(list(values.values()))), strict=True))


def preferred_runtime(by_runtime: Sequence[Ranks]) -> Ranks:
    """Choose of one place the runtime whose moves are told: the paper's own kind, else the one with the most models."""
    return next(
        (ranked for ranked in by_runtime if ranked.runtime == "ort_stock"),
        max(by_runtime, key=lambda ranked: len(ranked.operators)),
    )
