"""A training with a folder of its own: `checkpoint.pt`, written after every epoch, and `epochs.jsonl`, a line each."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, TypeVar

from impls.hadaptive.training import checkpoint
from impls.hadaptive.training.progress import Shown
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from impls.hadaptive.training.loop import Training

E = TypeVar("E")


def trained_in(folder: Path, training: Training, *, resume: bool, what: str = "") -> float:
    """Trains to the end with a checkpoint after each epoch; the last epoch's accuracy on the test images.

    what: before every line that is shown, the data's name and seed where empty. Raises UsageError where the folder
    holds a training and `resume` is not set; with it, errors as `checkpoint.resume`.
    """
    go_on(folder, lambda path: checkpoint.resume(training, path), resume=resume)
    title = what or f"{training.data.name}, seed {training.settings.seed}"
    with Shown(title, training.settings.epochs, len(training.history)) as progress:
        epochs = training.run(progress)
        for _ in kept(folder, training.history, epochs, lambda path: checkpoint.save(training, path)):
            pass
    return training.history[-1].accuracy


def go_on(folder: Path, restore: Callable[[Path], None], *, resume: bool) -> None:
    """Has `restore` read the folder's checkpoint, where there is one.

    Raises UsageError where there is one and `resume` is not set, and as `restore` does.
    """
    file = folder / "checkpoint.pt"
    if file.exists() and not resume:
        raise UsageError(f"{folder} already holds a training; --resume goes on with it, or name another folder")
    if file.exists():
        restore(file)


def kept(folder: Path, history: list[Any], epochs: Iterable[E], save: Callable[[Path], None]) -> Iterator[E]:
    """The epochs, each with its line and its checkpoint written before it is handed on.

    history: dataclasses of the epochs before, whose lines are written anew; epochs: further ones, while they are made.
    """
    log = folder / "epochs.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    # The checkpoint is what counts: a process killed between the two leaves a line too many here.
    log.write_text("".join(_line(epoch) for epoch in history), encoding="utf-8")
    with log.open("a", encoding="utf-8") as lines:
        for epoch in epochs:
            lines.write(_line(epoch))
            lines.flush()
            save(folder / "checkpoint.pt")
            yield epoch


def _line(epoch: Any) -> str:
    return f"{json.dumps(dataclasses.asdict(epoch))}\n"
