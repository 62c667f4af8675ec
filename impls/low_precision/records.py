"""The study as files: `products.jsonl`, a line for each recorded product, and `study.json`, what is drawn."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from impls.low_precision.comparison import Compared
from impls.low_precision.formats.names import FORMATS
from impls.low_precision.layers.training import Arm, Ended
from impls.low_precision.products.patterns import THRESHOLD
from impls.low_precision.summary import NEAR, Cell
from opbench.errors import MachineError
from opbench.vocabulary.interval import Interval

FORMAT = "opbench.low_precision/1"
DIGITS = 4


def written(
    folder: Path, found: Sequence[Compared], cells: Sequence[Cell], ended: Mapping[Arm, Sequence[Ended]], steps: int
) -> list[Path]:
    """Both files, made anew; the folder too. Raises MachineError where it cannot be written."""
    study = {
        "format": FORMAT,
        "torch": torch.__version__,
        "threshold": THRESHOLD,
        "near": NEAR,
        "formats": {name: kept.told for name, kept in FORMATS.items()},
        "cells": [_cell(cell) for cell in cells],
        "training": {"steps": steps, "arms": [_arm(arm, runs) for arm, runs in ended.items()]},
    }
    texts = {
        "products.jsonl": "".join(f"{json.dumps(_product(one))}\n" for one in found),
        "study.json": f"{json.dumps(study)}\n",
    }
    paths = [folder / name for name in texts]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            path.write_text(texts[path.name], encoding="utf-8")
    except OSError as exc:
        raise MachineError(f"cannot write to {folder} ({exc.strerror}); choose another folder with --out") from exc
    return paths


def _product(one: Compared) -> dict[str, Any]:
    """Treatments in lists, in one order; low, high and other are operations, of the first format's treatments."""
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
        "operations": [[spent[name].low, spent[name].high, spent[name].other] for name in treatments],
        "bytes": {kept: [costs[name].bytes for name in treatments] for kept, costs in one.costs.items()},
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        **{name: getattr(cell, name) for name in ("kind", "patterns", "kept", "products", "chosen")},
        "error": _ends(cell.error),
        "ratios": {name: _ends(ratio) for name, ratio in cell.ratios.items()},
        "extra": {name: _rounded(value) for name, value in cell.extra.items()},
        "bytes": {name: _rounded(value) for name, value in cell.bytes.items()},
    }


def _arm(arm: Arm, runs: Sequence[Ended]) -> dict[str, Any]:
    told = [{name: _finite(value) for name, value in asdict(run).items()} for run in runs]
    return {"name": str(arm), **asdict(arm), "runs": told}


def _ends(interval: Interval) -> list[float | None]:
    """[low, mid, high]; None where there is no end, for which JSON has no word."""
    return [_finite(value) for value in (interval.low, interval.mid, interval.high)]


def _finite(value: float) -> float | None:
    return _rounded(value) if math.isfinite(value) else None


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
