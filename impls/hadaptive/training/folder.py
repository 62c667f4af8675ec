"""A training with a folder of its own: `checkpoint.pt`, written after every epoch, and `epochs.jsonl`, a line each."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from impls.hadaptive.training import checkpoint
from impls.hadaptive.training.progress import Shown
from opbench.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from impls.hadaptive.training.loop import Training


def trained_in(folder: Path, training: Training, *, resume: bool, what: str = "") -> float:
    """Trains to the end with a checkpoint after each epoch; the last epoch's accuracy on the test images.

    what: before every line that is shown, the data's name and seed where empty. Raises UsageError where the folder
    holds a training and `resume` is not set; with it, errors as `checkpoint.resume`.
    """
    checkpoint_file, log = folder / "checkpoint.pt", folder / "epochs.jsonl"
    if checkpoint_file.exists() and not resume:
        raise UsageError(f"{folder} already holds a training; --resume goes on with it, or name other --results")
    if checkpoint_file.exists():
        checkpoint.resume(training, checkpoint_file)
    folder.mkdir(parents=True, exist_ok=True)
    # The checkpoint is what counts: a process killed between the two leaves a line too many here.
    log.write_text(
        "".join(f"{json.dumps(dataclasses.asdict(epoch))}\n" for epoch in training.history), encoding="utf-8"
    )
    title = what or f"{training.data.name}, seed {training.settings.seed}"
    with (
        Shown(title, training.settings.epochs, len(training.history)) as progress,
        log.open("a", encoding="utf-8") as lines,
    ):
        for epoch in training.run(progress):
            print(json.dumps(dataclasses.asdict(epoch)), file=lines, flush=True)
            checkpoint.save(training, checkpoint_file)
    return training.history[-1].accuracy
