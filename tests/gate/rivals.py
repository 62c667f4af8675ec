"""The rules by which other tools call a benchmark slower, written anew from their documentation and the script named.

Each takes what that tool has: the samples of a stored run of the base, seconds per call in the order they were taken,
and those of a later run of the head. All settings are the tools' defaults, thresholds without a default those that
their documentation shows. Only their slower-or-not is rebuilt, not how they choose iterations or warm up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

Samples: TypeAlias = NDArray[np.float64]


class Rival(Protocol):
    """A rule of another tool."""

    @property
    def name(self) -> str: ...

    def regression(self, base: Samples, head: Samples) -> bool:
        """Whether that tool reports head as slower than base."""
        ...


@dataclass(frozen=True)
class PytestBenchmark:
    """`--benchmark-compare-fail=median:5%`: one statistic of each run, held against a percentage.

    pytest-benchmark, docs/comparing.rst. Fails if head / base * 100 - 100 exceeds the percentage.
    """

    statistic: Literal["median", "min"]
    percent: float

    @property
    def name(self) -> str:
        return f"pytest-benchmark {self.statistic}:{self.percent:g}%"

    def regression(self, base: Samples, head: Samples) -> bool:
        old, new = (float(np.median(one) if self.statistic == "median" else one.min()) for one in (base, head))
        return new / old * 100 - 100 > self.percent


@dataclass(frozen=True)
class Asv:
    """`asv continuous`: the medians differ by the factor, and the samples are statistically different.

    airspeed velocity, asv/_stats.py and asv/commands/compare.py. Different: Mann-Whitney's two-sided p is under 0.002,
    exact up to 20 samples and normal, without correction for continuity, above. Where so few samples cannot have that
    p, asv asks whether the 99 % intervals of the medians overlap; of so few samples these are infinite, and do.
    """

    name: str = "asv"
    factor: float = 1.1
    threshold: float = 0.002

    def regression(self, base: Samples, head: Samples) -> bool:
        return bool(np.median(head) > self.factor * np.median(base)) and self._different(base, head)

    def _different(self, base: Samples, head: Samples) -> bool:
        if 1 / math.comb(len(base) + len(head), min(len(base), len(head))) >= self.threshold:
            return False
        method: Literal["exact", "asymptotic"] = "asymptotic" if max(len(base), len(head)) > 20 else "exact"
        return bool(mannwhitneyu(base, head, use_continuity=False, method=method).pvalue < self.threshold)


@dataclass(frozen=True)
class Criterion:
    """Criterion.rs: a bootstrapped t-test rejects that the means are equal, and the change clears the noise threshold.

    criterion.rs, book/src/analysis.md and src/analysis/compare.rs. The t-test resamples both runs from all their
    samples together; regressed if the whole 95 % bootstrap interval of mean over mean lies above the threshold.
    Its 100,000 resamples are 1,000 here, which moves a p of 0.05 by 0.007 (one standard error).
    """

    name: str = "criterion"
    significance: float = 0.05
    confidence: float = 0.95
    noise: float = 0.01

    def regression(self, base: Samples, head: Samples) -> bool:
        if not self._change(base, head) > self.noise:
            return False
        t = _welch(base.mean(), base.var(ddof=1), len(base), head.mean(), head.var(ddof=1), len(head))
        pooled = np.concatenate([base, head]) - base.mean()  # centred: the variance by squares keeps its digits
        moments = [_resampled_moments(pooled, size, seed) for seed, size in enumerate((len(base), len(head)))]
        drawn = _welch(*moments[0], len(base), *moments[1], len(head))
        above = float((drawn > t).mean())
        return 2 * min(above, 1 - above) < self.significance

    def _change(self, base: Samples, head: Samples) -> float:
        """Lower end of the interval of the mean's relative change."""
        means = [_resamples(len(one), len(one), seed) @ one for seed, one in ((2, base), (3, head))]
        return float(np.quantile(means[1] / means[0] * len(base) / len(head) - 1, (1 - self.confidence) / 2))


RESAMPLES = 1_000


@lru_cache(maxsize=256)
def _resamples(population: int, size: int, seed: int) -> Samples:
    """(RESAMPLES, population): how often each sample is drawn. Drawn once per size: a bootstrap is blind to values."""
    picked = np.random.default_rng((seed, population, size)).integers(population, size=(RESAMPLES, size))
    counts = np.zeros((RESAMPLES, population))
    np.add.at(counts, (np.arange(RESAMPLES)[:, None], picked), 1.0)
    return counts


def _resampled_moments(samples: Samples, size: int, seed: int) -> tuple[Samples, Samples]:
    """Mean and variance of every resample."""
    counts = _resamples(len(samples), size, seed)
    mean = counts @ samples / size
    return mean, (counts @ samples**2 / size - mean**2) * size / (size - 1)


def _welch(
    base: Samples, base_variance: Samples, bases: int, head: Samples, head_variance: Samples, heads: int
) -> Samples:
    return (head - base) / np.sqrt(base_variance / bases + head_variance / heads)


@dataclass(frozen=True)
class Benchstat:
    """benchstat: Mann-Whitney's p over 10 runs a side is under 0.05; a change of any size is reported.

    golang.org/x/perf/cmd/benchstat. Go prints one mean per run of a benchmark, so the samples here are cut into ten.
    """

    name: str = "benchstat"
    runs: int = 10
    alpha: float = 0.05

    def regression(self, base: Samples, head: Samples) -> bool:
        old, new = (np.array([part.mean() for part in np.array_split(one, self.runs)]) for one in (base, head))
        return bool(np.median(new) > np.median(old) and mannwhitneyu(old, new, method="exact").pvalue < self.alpha)


@dataclass(frozen=True)
class NvbenchCompare:
    """nvbench_compare: slower if the relative change of the mean exceeds the smaller noise of the two runs.

    NVIDIA nvbench, scripts/nvbench_compare.py (of late nvbench_compare_legacy.py). Noise: standard deviation over mean.
    """

    name: str = "nvbench_compare"

    def regression(self, base: Samples, head: Samples) -> bool:
        noise = min(float(one.std(ddof=1) / one.mean()) for one in (base, head))
        return bool(head.mean() / base.mean() - 1 > noise)


RIVALS: tuple[Rival, ...] = (
    PytestBenchmark("median", 5),
    PytestBenchmark("median", 10),
    PytestBenchmark("min", 5),
    PytestBenchmark("min", 10),
    Asv(),
    Criterion(),
    Benchstat(),
    NvbenchCompare(),
)
