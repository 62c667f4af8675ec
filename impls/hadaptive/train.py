"""Trains Hadaptive-Net: `python -m impls.hadaptive.train`, by default S on scikit-learn's digits, without a network.

Each seed has a folder, RESULTS/training/DATA-NETWORK-SEED, with `checkpoint.pt`, written after every epoch, and
`epochs.jsonl`. The accuracy that is reported is the last epoch's: the best one's would have been chosen by the test.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from impls.hadaptive.ablation.estimates import in_percent
from impls.hadaptive.images import sources
from impls.hadaptive.images.batches import count_of
from impls.hadaptive.images.data import DataSet
from impls.hadaptive.training.command import application, network_config, numbers, run, usable_device, use_threads
from impls.hadaptive.training.folder import trained_in
from impls.hadaptive.training.loop import Training
from impls.hadaptive.training.settings import Settings
from opbench.errors import UsageError
from opbench.vocabulary.student import mean_interval

app = application()


@app.command(epilog="Example:  python -m impls.hadaptive.train --data digits --seeds 0,1,2")
def train(
    data: Annotated[str, typer.Option(help=f"One of {', '.join(sources.SOURCES)}.")] = "digits",
    root: Annotated[Path, typer.Option(help="Folder of the data set; digits need none.")] = Path("data"),
    edge: Annotated[int | None, typer.Option(help="Image edge in pixels; 32 for digits, else 224.")] = None,
    network: Annotated[str, typer.Option(help="A variant, or a JSON file with a configuration.")] = "hadaptive_net_s",
    epochs: Annotated[int | None, typer.Option(help="30 for digits, else 200.")] = None,
    batch: Annotated[int, typer.Option(help="Images a step.")] = 64,
    lr: Annotated[float, typer.Option(help="AdamW's learning rate at its highest.")] = 1e-3,
    weight_decay: Annotated[float, typer.Option(help="AdamW's weight decay.")] = 1e-4,
    seeds: Annotated[str, typer.Option(help="One training for each, comma-separated.")] = "0",
    precision: Annotated[str, typer.Option(help="float32, or by autocast bfloat16 or float16.")] = "float32",
    backend: Annotated[str, typer.Option(help="Of the cross-Hadamard products.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, typer.Option(help="CPU threads; 0 leaves PyTorch's choice.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes that read images; 0 reads them here.")] = 0,
    results: Annotated[Path, typer.Option(help="Folder that holds the trainings.")] = Path("results"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoints that are there.")] = False,
) -> None:
    """Train a network on images, once for each seed, and report the accuracy on the test images."""
    use_threads(threads)
    if workers < 0:
        raise UsageError(f"--workers is {workers}; expected at least 0")
    config = network_config(network)
    dataset, on = sources.load(data, root, edge), usable_device(device)
    epochs = sources.source(data).epochs if epochs is None else epochs
    accuracies = []
    for seed in numbers("--seeds", seeds):
        settings = Settings(epochs, batch, lr, weight_decay, seed=seed, precision=precision)
        training = Training(config, dataset, settings, device=on, backend=backend, workers=workers)
        folder = results / "training" / f"{dataset.name}-{Path(network).stem}-{seed}"
        accuracies.append(trained_in(folder, training, resume=resume))
        seconds = sum(epoch.seconds for epoch in training.history)
        print(f"seed {seed}: test accuracy {accuracies[-1]:.2%} after {epochs} epochs, {seconds:.0f} s; {folder}")
    _summed(accuracies, dataset)


def _summed(accuracies: list[float], data: DataSet) -> None:
    estimate, count = mean_interval(accuracies), count_of(data.test)
    plural = f"mean of {len(accuracies)} seeds [95 % interval]" if len(accuracies) > 1 else "test accuracy"
    print(f"{plural}: {in_percent(estimate)} %; {data.described}, {count} test images, one is {1 / count:.2%}")


if __name__ == "__main__":
    run(app, "train")
