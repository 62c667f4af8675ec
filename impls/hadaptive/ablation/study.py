"""What an ablation compares: variants by name, one of them the baseline, and what the paper reports of each."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from opbench.errors import unknown


@dataclass(frozen=True)
class Study:
    """variants: what each of them is, by name, in the order of the table."""

    name: str
    baseline: str
    """The variant that the others are held against."""
    variants: Mapping[str, str]
    tables: str
    """Where the paper reports them."""

    def chosen(self, names: str) -> tuple[str, ...]:
        """Variants by comma-separated names, or all, in the table's order. Raises UsageError for an unknown one."""
        asked = set(self.variants) if names == "all" else {name.strip() for name in names.split(",")}
        for name in sorted(asked - set(self.variants)):
            raise unknown("variant", name, self.variants, "of the ablation")
        return tuple(name for name in self.variants if name in asked)


@dataclass(frozen=True)
class Reported:
    """What the paper says of a variant, on CIFAR-100; not measured here."""

    top1_percent: float
    source: str
    params_m: float | None = None
    """Millions of parameters, where the paper gives them."""
    flops_m: float | None = None
    """Millions of FLOPs, as `replacing.twice_thop` counts them."""


@lru_cache(maxsize=1)
def reported() -> Mapping[str, Reported]:
    """The paper's figures, by our names of its rows; the paper does not have all of ours."""
    text = (files("impls.hadaptive") / "reported_ablations.csv").read_text(encoding="utf-8")
    return {row["variant"]: _reported(row) for row in csv.DictReader(text.splitlines())}


def _reported(row: Mapping[str, str]) -> Reported:
    params_m, flops_m = (float(row[name]) if row[name] else None for name in ("params_m", "flops_m"))
    return Reported(float(row["top1_percent"]), f"{row['data_set']}, {row['source']}", params_m, flops_m)
