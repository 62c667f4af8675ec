"""What was measured, as files: a line of JSON for each recorded product, for each training, and what is drawn."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from impls.low_precision.comparison import Compared
from impls.low_precision.formats.names import FORMATS
from impls.low_precision.layers.training import Arm, Ended
from impls.low_precision.products.counting import Cost
from impls.low_precision.products.patterns import THRESHOLD, Concentration
from impls.low_precision.summary import NEAR, Cell
from opbench.errors import MachineError, UsageError
from opbench.vocabulary.interval import Interval

FORMAT = "opbench.low_precision/1"
DIGITS = 4


def product_line(one: Compared) -> dict[str, Any]:
    """Treatments in lists, in one order; operations are low, high and other of each, which no format changes.

    torch: the version of this process, which is that of those who measured.
    """
    treatments = list(next(iter(one.errors.values())))
    spent = next(iter(one.costs.values()))
    return {
        "model": one.model,
        "seed": one.seed,
        "layer": one.layer,
        "kind": one.kind,
        "shape": one.shape,
        "concentrations": [[_rounded(value) for value in each] for each in one.concentrations],
        "treatments": treatments,
        "errors": {kept: [_rounded(errors[name]) for name in treatments] for kept, errors in one.errors.items()},
        "operations": [spent[name][:3] for name in treatments],
        "bytes": {kept: [costs[name].bytes for name in treatments] for kept, costs in one.costs.items()},
        "torch": torch.__version__,
    }


def product_of(line: Mapping[str, Any]) -> Compared:
    """Of a line as `product_line` makes it; that of an older one, too, which does not say who measured it."""
    names = line["treatments"]
    first, second = (Concentration(*each) for each in line["concentrations"])
    return Compared(
        line["model"],
        line["seed"],
        line["layer"],
        line["kind"],
        tuple(line["shape"]),
        (first, second),
        {kept: dict(zip(names, errors, strict=True)) for kept, errors in line["errors"].items()},
        {
            kept: {
                name: Cost(low, high, other, stored)
                for name, (low, high, other), stored in zip(names, line["operations"], sizes, strict=True)
            }
            for kept, sizes in line["bytes"].items()
        },
    )


def training_line(arm: Arm, seed: int, asked: int, ended: Ended) -> dict[str, Any]:
    """asked: steps; NaN is null."""
    means = {name: _finite(getattr(ended, name)) for name in ("loss", "mean", "right")}
    return {**asdict(arm), "seed": seed, "asked": asked, **means, "steps": ended.steps}


def training_of(line: Mapping[str, Any]) -> tuple[Arm, Ended]:
    loss, mean, right = (math.nan if line[name] is None else line[name] for name in ("loss", "mean", "right"))
    return Arm(line["kept"], line["treatment"], line["stochastic"]), Ended(loss, mean, right, line["steps"])


def write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> Path:
    """Made anew, with its folder. Raises MachineError where it cannot be written."""
    return _write(path, "".join(f"{json.dumps(line)}\n" for line in lines))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Raises UsageError for a file that is not there, and for one that is no such lines."""
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError as exc:
        raise UsageError(f"no file {path}; measure first, without --read") from exc
    except (ValueError, OSError, RecursionError) as exc:
        raise UsageError(f"{path} cannot be read as lines of JSON ({exc!s:.200}); measure again") from exc
    if not lines:
        raise UsageError(f"{path} is empty; expected a line for each thing measured: measure again")
    return lines


def write_study(path: Path, cells: Sequence[Cell]) -> Path:
    """What `reports.low_precision.choices` draws, of what was just measured: the version of torch is this process's.

    Raises MachineError where it cannot be written.
    """
    study = {
        "format": FORMAT,
        "torch": torch.__version__,
        "threshold": THRESHOLD,
        "near": NEAR,
        "formats": {name: kept.told for name, kept in FORMATS.items()},
        "cells": [_cell(cell) for cell in cells],
    }
    return _write(path, f"{json.dumps(study)}\n")


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise MachineError(f"cannot write {path} ({exc.strerror}); choose another folder with --out") from exc
    return path


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        **{name: getattr(cell, name) for name in ("kind", "patterns", "kept", "products", "chosen")},
        "error": _ends(cell.error),
        "ratios": {name: _ends(ratio) for name, ratio in cell.ratios.items()},
        "extra": {name: _rounded(value) for name, value in cell.extra.items()},
        "bytes": {name: _rounded(value) for name, value in cell.bytes.items()},
    }


def _ends(interval: Interval) -> list[float | None]:
    """[low, mid, high]; None where there is no end, for which JSON has no word."""
    return [_finite(value) for value in (interval.low, interval.mid, interval.high)]


def _finite(value: float) -> float | None:
    return _rounded(value) if math.isfinite(value) else None


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
