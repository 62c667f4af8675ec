"""What reads files of Hadaptive-Net: networks' configurations, trainings and searches to go on from, logs, results."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from impls.hadaptive.ablation.comparison import Trained
from impls.hadaptive.ablation.components import VARIANTS
from impls.hadaptive.ablation.log import Log
from impls.hadaptive.detection import results
from impls.hadaptive.detection.training import checkpoint as detection_checkpoint
from impls.hadaptive.detection.training.loop import DetectorTraining
from impls.hadaptive.search import checkpoint as search_checkpoint
from impls.hadaptive.training import checkpoint
from impls.hadaptive.training.command import network_config
from impls.hadaptive.training.loop import Training
from reports.hadaptive import search_confidence, search_curves
from tests.impls.hadaptive.detection.training.squares import training as detector_training
from tests.impls.hadaptive.search.toys import search
from tests.impls.hadaptive.training_scenes import TINY, ran, training
from tests.mutating.reader import Reader

QUESTION = {"space": "toy", "places": {"a": 1}}
SETTING = {"data": "bars", "epochs": 2, "seeds": [0, 1]}

RESULT = {
    "format": search_confidence.FORMAT,
    "question": {"space": "norms", "data": "bars"},
    "settings": {"epochs": 2, "annealing": "linear", "seed": 0},
    "history": [{"confidences": [[0.4, 0.6]]}, {"confidences": [[0.25, 0.75]]}],
    "test_accuracy": 0.5,
    "layers": [
        {"channels": 7, "stride": 2, "chosen": None, "candidates": []},
        {
            "channels": 5,
            "stride": 1,
            "chosen": 1,
            "candidates": [
                {"group": "Ghost", "detail": "", "confidence": 0.25},
                {"group": "ACH", "detail": "16-3", "confidence": 0.75},
            ],
        },
    ],
}


def configuration(folder: Path) -> Path:
    file = folder / "network.json"
    file.write_text(json.dumps(TINY.plain()))
    return file


def read_configuration(file: Path) -> None:
    found = network_config(str(file))
    assert found.reduction >= 1


@lru_cache(maxsize=1)
def trained() -> Training:
    return ran(training(), epochs=1)


def kept_training(folder: Path) -> Path:
    file = folder / "training.pt"
    checkpoint.save(trained(), file)
    return file


def read_training(file: Path) -> None:
    checkpoint.load_network(file, "torch_eager")


def resumed_training(file: Path) -> None:
    checkpoint.resume(training(), file)


def kept_search(folder: Path) -> Path:
    file = folder / "search.pt"
    search_checkpoint.save(search(), file, QUESTION)
    return file


def resumed_search(file: Path) -> None:
    search_checkpoint.resume(search(), file, QUESTION)


def log(folder: Path) -> Path:
    file = folder / "trainings.jsonl"
    file.unlink(missing_ok=True)
    kept = Log(file, SETTING, VARIANTS, resume=False)
    for seed, variant in enumerate(sorted(VARIANTS)[:3]):
        kept.add(Trained(variant, seed, 0.5 + seed / 8), 7.0)
    return file


def read_log(file: Path) -> None:
    """Whatever is kept is read the same once more."""
    found = Log(file, SETTING, VARIANTS, resume=True).trained
    assert Log(file, SETTING, VARIANTS, resume=True).trained == found
    for one in found:
        assert isinstance(one.seed, int), f"a seed {one.seed!r:.40}"
        assert 0 <= one.accuracy <= 1, f"an accuracy of {one.accuracy!r:.40}"


def result(folder: Path) -> Path:
    file = folder / "result.json"
    file.write_text(json.dumps(RESULT))
    return file


def drawn(file: Path) -> None:
    code = search_confidence.main([str(file), str(file.with_name("confidence.svg"))])
    assert code in {0, 2, 3}, f"exit code {code}"


def curves(file: Path) -> None:
    code = search_curves.main([str(file.with_name("curves.svg")), str(file)])
    assert code in {0, 2, 3}, f"exit code {code}"


@lru_cache(maxsize=1)
def untrained() -> DetectorTraining:
    return detector_training()


def kept_detector(folder: Path) -> Path:
    file = folder / "detector.pt"
    detection_checkpoint.save(untrained(), file)
    return file


def resumed_detector(file: Path) -> None:
    detection_checkpoint.resume(untrained(), file)


def detection_result(folder: Path) -> Path:
    trained = folder / "detection" / "made-0"
    trained.mkdir(parents=True, exist_ok=True)
    results.write(results.Result("hadaptive_net_s", "lite", "made", 2, 8, 0.02, 320, 0, 0.5, 0.25, 0.7, 11.0), trained)
    return trained / results.FILE


def read_detection(file: Path) -> None:
    """Whatever is read can be shown."""
    found = results.read(file.parent.parent)
    results.as_csv(found)
    assert all(0 <= one.map_50 <= 1 for one in found)
    assert results.markdown(found)


READERS = (
    Reader("network configuration", configuration, read_configuration, share=60),
    Reader("training", kept_training, read_training, share=15),
    Reader("resumed training", kept_training, resumed_training, share=5),
    Reader("search", kept_search, resumed_search, share=5),
    Reader("ablation log", log, read_log, share=50),
    Reader("search result", result, drawn, share=3),
    Reader("resumed detector", kept_detector, resumed_detector, share=3),
    Reader("detection result", detection_result, read_detection, share=20),
    Reader("search curves", result, curves, share=3),
)
