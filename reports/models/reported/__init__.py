"""What the paper (arXiv 2505.22226) reports in its Tables 7, 6 and 4. None of it was measured here.

`table7.csv`: image classifiers, latency at batch 1 as the mean of 500 runs of ONNX models, top-1 in percent.
`table6.csv`: SSD at 320x320 by its backbone, trained and judged on COCO; the mean IoU is not defined there.
`table4.csv`: Hadaptive-Net-L at batch 1 on an RTX TITAN, a custom operator in ONNX Runtime's CUDA provider.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

RUNS = 500
"""Runs the paper's latencies are the mean of."""


@dataclass(frozen=True)
class Classifier:
    """A row of Table 7: parameters and MACs as numbers of them, latencies in seconds, accuracies in percent."""

    params: float
    macs: float
    gpu_s: float
    cpu_s: float
    mobile_s: float
    cifar100_percent: float
    imagenet_percent: float


@cache
def table7() -> dict[str, Classifier]:
    """Read Table 7: model, as the paper calls it, to its row, in the paper's order."""
    return {
        row["model"]: Classifier(
            params=1e6 * float(row["params_m"]),
            macs=1e6 * float(row["macs_m"]),
            gpu_s=1e-3 * float(row["gpu_ms"]),
            cpu_s=1e-3 * float(row["cpu_ms"]),
            mobile_s=1e-3 * float(row["mobile_ms"]),
            cifar100_percent=float(row["cifar100_top1"]),
            imagenet_percent=float(row["imagenet_top1"]),
        )
        for row in _rows("table7.csv")
    }


@dataclass(frozen=True)
class Table6Row:
    """A row of Table 6, in percent: mAP@[0.5:0.95], and what the paper calls mIOU."""

    map_percent: float
    miou_percent: float


@cache
def table6() -> dict[str, Table6Row]:
    """Read Table 6: backbone, as the paper calls it, to its row, in the paper's order."""
    return {
        row["model"]: Table6Row(float(row["map_percent"]), float(row["miou_percent"])) for row in _rows("table6.csv")
    }


@cache
def table4() -> dict[str, float]:
    """Read Table 4: schedule, as the paper calls it, to seconds."""
    return {row["schedule"]: 1e-3 * float(row["latency_ms"]) for row in _rows("table4.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("reports.models.reported") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))
