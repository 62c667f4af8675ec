"""What reads records of studies and searches and draws one figure of them, or prints their tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from impls.low_precision import study as low_precision_study
from impls.low_precision import train as low_precision_training
from reports.hadaptive import fusion_masks, fusion_views, inside, propagation
from reports.low_precision import choices
from reports.polynomial import spectral_bias
from tests.mutating.reader import Reader
from tests.reports.hadaptive.test_fusion_figures import views
from tests.reports.hadaptive.test_propagation import result
from tests.reports.low_precision.test_choices import study
from tests.reports.polynomial.test_spectral_bias import whole

Main = Callable[[Sequence[str]], int]


def ended(code: int) -> None:
    assert code in {0, 2, 3}, f"exit code {code}"


def drawing(main: Main, *, into_folder: bool = False) -> Callable[[Path], None]:
    """A program that draws a figure of one file, or into its folder."""

    def read(file: Path) -> None:
        ended(main([str(file), str(file.parent if into_folder else file.with_suffix(".svg"))]))

    return read


def of_views(folder: Path) -> Path:
    return views(folder / "views.csv")


def of_masks(folder: Path) -> Path:
    line = {"task": "8 of 64", "penalty": 0.01, "seed": 0, "gates": [0.1, 1.9, 1.8], "useful": [False, True, True]}
    file = folder / "masks.jsonl"
    lines = [line | {"variant": name} for name in ("none", "learned", "penalised")]
    file.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    return file


def of_json(name: str, content: Callable[[], object]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        file = folder / name
        file.write_text(json.dumps(content()), encoding="utf-8")
        return file

    return write


def looked_into(folder: Path) -> Path:
    """A network of two layers, of which one chooses, and two pictures."""
    found = {
        "format": inside.FORMAT,
        "network": "hadaptive_net_s",
        "data": "bars",
        "settings": {"epochs": 2, "seed": 0},
        "accuracies": {"network": 0.5, "twin": 0.25},
        "test_images": 7,
        "pictures": ["row", "column"],
        "layers": [{"kind": "CNA", "stride": 2, "channels": 5}, {"kind": "ACH", "stride": 1, "channels": 7}],
        "selection": {"body.1.expand": [1.0, 0.5, 0.25, 0, 0, 0, 0]},
        "selected": [3],
        "temperatures": [[3.5], [2.25]],
    }
    maps = np.arange(2 * 2 * 5 * 5, dtype=np.uint8).reshape(2, 2, 5, 5)
    np.savez(folder / "maps.npz", pictures=np.zeros((2, 5, 5, 3), np.uint8), network=maps, twin=maps)
    return of_json("inside.json", lambda: found)(folder)


def maps_of(folder: Path) -> Path:
    return looked_into(folder).with_name("maps.npz")


def looked_at(file: Path) -> None:
    ended(inside.main([str(file.parent)]))


def products(folder: Path) -> Path:
    """Two products of one layer, each by two treatments in one format."""
    line = {
        "model": "mlp",
        "layer": "first",
        "kind": "forward",
        "shape": [7, 5, 3],
        "concentrations": [[0.5, 0.25], [0.125, 0.75]],
        "treatments": ["plain", "inner"],
        "errors": {"mxfp4": [0.25, 0.125]},
        "operations": [[105, 0, 0], [105, 7, 3]],
        "bytes": {"mxfp4": [99, 98]},
        "torch": "2.13.0",
    }
    file = folder / low_precision_study.PRODUCTS
    file.write_text("".join(json.dumps(line | {"seed": seed}) + "\n" for seed in (0, 1)), encoding="utf-8")
    return file


def trainings(folder: Path) -> Path:
    line = {"kept": "mxfp4", "treatment": "plain", "stochastic": False, "asked": 9, "steps": 9, "right": 0.5}
    lines = [line | {"seed": seed, "loss": 0.5 + seed, "mean": None if seed else 0.25} for seed in (0, 1)]
    file = folder / low_precision_training.TRAININGS
    file.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    return file


def printed(main: Callable[[Sequence[str]], int]) -> Callable[[Path], None]:
    def read(file: Path) -> None:
        ended(main(["--read", "--out", str(file.parent)]))

    return read


READERS = (
    Reader("fusions of views", of_views, drawing(fusion_views.main), share=3),
    Reader("learned masks", of_masks, drawing(fusion_masks.main), share=5),
    Reader("a network looked into", looked_into, looked_at, alike=0.6, share=2),
    Reader("its maps", maps_of, looked_at, share=2),
    Reader("choices of treatments", of_json("study.json", study), drawing(choices.main, into_folder=True), share=5),
    Reader("spectral bias", of_json("spectrum.json", whole), drawing(spectral_bias.main), share=2),
    Reader("propagation", of_json("propagation.json", result), drawing(propagation.main, into_folder=True), share=2),
    Reader("products in low precision", products, printed(low_precision_study.main), share=15),
    Reader("trainings in low precision", trainings, printed(low_precision_training.main), share=15),
)
