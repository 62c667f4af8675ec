"""A detector's training on disk, to go on from or to detect with. How it is written and read: `training.archive`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec

from impls.hadaptive.detection.model.detector import Detector, detector
from impls.hadaptive.detection.training.loop import DetectorTraining, Epoch
from impls.hadaptive.training import archive
from opbench.errors import UsageError

FORMAT = "opbench.hadaptive.detection/1"
KEYS = {"format", "question", "history", "state"}
UNFIT = (KeyError, RuntimeError, TypeError, ValueError, AttributeError)
"""What PyTorch and we raise for a state of other fields, kinds or shapes."""
WRITER, AGAIN = "impls.hadaptive.detection", "train again"


def save(training: DetectorTraining, path: Path) -> None:
    """Writes it whole or not at all. Raises MachineError where the file cannot be written."""
    content = {
        "format": FORMAT,
        "question": _question(training),
        "history": [dataclasses.asdict(epoch) for epoch in training.history],
        "state": training.state(),
    }
    archive.write(content, path)


def resume(training: DetectorTraining, path: Path) -> None:
    """Puts a fresh `training` where the one that wrote `path` was; from there on it goes the same way.

    On a CPU with as many threads that is bit for bit.

    Raises UsageError for a file that is not there, truncated, of another format, or holds code, and for one of another
    backbone, head, annotations or settings, naming both.
    """
    content = _content(path)
    there, here = content["question"], _question(training)
    if differing := [_differing(name, there.get(name), here[name]) for name in here if there.get(name) != here[name]]:
        raise UsageError(f"{path} is of another training: {'; '.join(differing)}; a resumption needs the same")
    try:
        training.restore(content["state"], msgspec.convert(content["history"], list[Epoch]))
    except (*UNFIT, msgspec.ValidationError) as exc:
        raise _unfit(path, exc) from exc


def load(path: Path) -> tuple[Detector, tuple[str, ...]]:
    """The trained detector in a checkpoint, in eval mode, on the CPU, and the names of its classes.

    Raises UsageError as `resume` for a file that is no good.
    """
    content = _content(path)
    try:
        question = content["question"]
        classes = tuple(question["classes"])
        model = detector(question["backbone"], len(classes), head=question["head"])
        model.load_state_dict(content["state"]["network"])
    except (*UNFIT, UsageError) as exc:
        raise _unfit(path, exc) from exc
    return model.eval(), classes


def _content(path: Path) -> dict[str, Any]:
    content = archive.opened(path, WRITER, AGAIN)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UsageError(f"{path} is no checkpoint of a detector; expected format {FORMAT!r}")
    if missing := sorted(KEYS - content.keys()):
        raise UsageError(f"{path} lacks {', '.join(missing)}; {AGAIN}")
    if not isinstance(content["question"], dict):
        raise UsageError(f"{path} does not say what it was trained on; {AGAIN}")
    return content


def _question(training: DetectorTraining) -> dict[str, Any]:
    """What is trained on what and how, in plain values."""
    data = training.data
    return {
        "backbone": training.backbone,
        "head": training.head,
        "data": data.described,
        "classes": list(data.classes),
        "annotations": data.digest,
        **dataclasses.asdict(training.settings),
    }


def _differing(name: str, there: Any, here: Any) -> str:
    """Short for what is short; COCO's eighty classes would fill the screen."""
    return f"other {name}" if isinstance(here, list) else f"{name} {there} there, {here} here"


def _unfit(path: Path, exc: Exception) -> UsageError:
    return UsageError(f"{path} does not fit its own question ({archive.first_line(exc)}); {AGAIN}")
