"""Table 6, object detection: what SSD on each backbone costs, and training it.

    python -m impls.hadaptive.detection count                        # parameters and MACs, seconds
    python -m impls.hadaptive.detection train                        # Hadaptive-Net-S on images made here
    python -m impls.hadaptive.detection table                        # what was trained, beside the paper's table
    python -m impls.hadaptive.detection train --data coco --root DIR --device cuda --batch 64 --epochs 120

A training has a folder: its checkpoint, written after every epoch, `epochs.jsonl`, and at the end `result.json`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from impls.hadaptive.detection import counts, results
from impls.hadaptive.detection.data.target import SIZE
from impls.hadaptive.detection.model.features import BACKBONES
from impls.hadaptive.detection.model.heads import HEADS
from impls.hadaptive.training.command import application, run, usable_device, use_threads
from impls.hadaptive.training.folder import go_on, kept
from impls.hadaptive.training.progress import Shown
from opbench.errors import UsageError, unknown

if TYPE_CHECKING:
    from impls.hadaptive.detection.training.loop import DetectorTraining, Epoch

app = application()

RESULTS = Path("results") / "detection"


@app.command()
def count(
    backbones: Annotated[str, Option(help=f"all, or some of {', '.join(BACKBONES)}, comma-separated.")] = "all",
    heads: Annotated[str, Option(help=f"all, or some of {', '.join(HEADS)}, comma-separated.")] = "all",
    classes: Annotated[int, Option(help="As many as COCO has.")] = 80,
    size: Annotated[int, Option(help="Edge of the image in pixels.")] = SIZE,
) -> None:
    """Print parameters and MACs of the detector's parts, by backbone and head."""
    chosen, kinds = _chosen("backbone", backbones, BACKBONES), _chosen("head", heads, HEADS)
    print(f"SSD, {classes} classes, one image of {size}x{size}\n\n{counts.HEADER}\n{'|---' * 11}|")
    for backbone in chosen:
        for head in kinds:
            print(counts.line(backbone, head, counts.count(backbone, head, classes, size)))


@app.command()
def train(
    backbone: Annotated[str, Option(help=f"One of {', '.join(BACKBONES)}.")] = "hadaptive_net_s",
    head: Annotated[str | None, Option(help=f"One of {', '.join(HEADS)}; lite on made images, else dense.")] = None,
    data: Annotated[str, Option(help="made (here, from bundled images) or coco.")] = "made",
    root: Annotated[Path | None, Option(help="COCO's folder, data where none is named.")] = None,
    images: Annotated[int | None, Option(help="Made images to train on; 200.")] = None,
    tested: Annotated[int | None, Option(help="Made images to test on; 60.")] = None,
    epochs: Annotated[int | None, Option(help="16 on made images, else the paper's 120.")] = None,
    batch: Annotated[int | None, Option(help="Images a step; 4 on made images, else 64.")] = None,
    size: Annotated[int, Option(help="Edge of the images in pixels, a multiple of 64.")] = SIZE,
    lr: Annotated[
        float | None, Option(help="SGD's highest rate; 0.02 at 4 made images or 64 of COCO a step, scaled.")
    ] = None,
    minutes: Annotated[float | None, Option(help="Begin no epoch that would end later; --resume goes on.")] = None,
    every: Annotated[int | None, Option(help="Epochs between two tests; 4 on made images, else 5.")] = None,
    seed: int = 0,
    device: Annotated[str, Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, Option(help="CPU threads; 0 leaves PyTorch's choice.")] = 0,
    folder: Annotated[
        Path | None, Option(help="Of the training; else results/detection/DATA-BACKBONE-HEAD-SEED.")
    ] = None,
    resume: Annotated[bool, Option("--resume", help="Go on from the checkpoint that is there.")] = False,
) -> None:
    """Train a detector and report its mean average precision on the test images."""
    from impls.hadaptive.detection.training import checkpoint
    from impls.hadaptive.detection.training.loop import DetectorTraining
    from impls.hadaptive.detection.training.sources import load, source

    if minutes is not None and not minutes > 0:
        raise UsageError(f"--minutes is {minutes}; expected above 0")
    use_threads(threads)
    usual = source(data)
    settings = usual.settings(epochs, batch, lr, seed, size)
    head, every = usual.head if head is None else head, usual.every if every is None else every
    dataset = load(data, root=root, images=images, tested=tested)
    training = DetectorTraining(backbone, head, dataset, settings, device=usable_device(device), every=every)
    out = folder or RESULTS / f"{data}-{backbone}-{head}-{seed}"
    go_on(out, lambda path: checkpoint.resume(training, path), resume=resume)
    with Shown(f"{data}, {backbone}, seed {seed}", settings.epochs, len(training.history)) as shown:
        shown.note(f"{settings.epochs} epochs, {settings.batch} images a step, rate {settings.rate:g} at its highest")
        told = (_told(epoch, settings.epochs, shown) for epoch in training.run(shown))
        _until(kept(out, training.history, told, lambda path: checkpoint.save(training, path)), minutes)
    _report(training, out)


@app.command()
def table(
    folder: Annotated[Path, Option(help="Whose folders are trainings.")] = RESULTS,
    to: Annotated[Path | None, Option(help="A CSV file to write, a line for each training.")] = None,
) -> None:
    """Print the mean average precision of finished trainings, over seeds, beside what the paper reports on COCO."""
    found = results.read(folder)
    print(results.markdown(found))
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(results.as_csv(found), encoding="utf-8")


def _until(epochs: Iterable[Epoch], minutes: float | None) -> None:
    """As many epochs as end before so many minutes from now, by what the longest of them took; all where None."""
    started, longest = time.perf_counter(), 0.0
    for epoch in epochs:
        longest = max(longest, epoch.seconds)
        if minutes is not None and time.perf_counter() - started + longest > 60 * minutes:
            return


def _told(epoch: Epoch, epochs: int, shown: Shown) -> Epoch:
    tested = "" if epoch.map_50 is None else f"mAP@0.5 {epoch.map_50:.2%}, mAP {epoch.map_50_95:.2%}, "
    shown.note(
        f"epoch {epoch.number}/{epochs}: focal loss {epoch.class_loss:.4f}, box loss {epoch.box_loss:.4f}, {tested}"
        f"{epoch.seconds:.1f} s, {epoch.processor_seconds:.1f} s of processors"
    )
    return epoch


def _report(training: DetectorTraining, folder: Path) -> None:
    done, epochs = len(training.history), training.settings.epochs
    spent = sum(epoch.processor_seconds for epoch in training.history)
    if done < epochs:
        print(f"stopped after {done} of {epochs} epochs, {spent:.0f} s of processors; --resume goes on; {folder}")
        return
    result = results.result_of(training)
    results.write(result, folder)
    print(
        f"{result.backbone}, {result.head} head, seed {result.seed}: mAP@0.5 {result.map_50:.2%}, "
        f"mAP@[0.5:0.95] {result.map_50_95:.2%} after {epochs} epochs, {spent:.0f} s of processors; {result.data}; "
        f"{folder}"
    )


def _chosen(what: str, words: str, known: Sequence[str]) -> tuple[str, ...]:
    """Names, comma-separated, or all. Raises UsageError for an unknown one."""
    asked = tuple(known) if words == "all" else tuple(word.strip() for word in words.split(","))
    for name in asked:
        if name not in known:
            raise unknown(what, name, known, "of the detector")
    return asked


if __name__ == "__main__":
    run(app, "detection")
