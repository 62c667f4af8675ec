"""The paper's ablation, run: `python -m impls.hadaptive.ablate` trains every variant with several seeds, on digits.

Finished trainings are kept in RESULTS/ablations/DATA-NETWORK-EPOCHS/trainings.jsonl, the table in table.md beside it.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from impls.hadaptive.ablation import comparison
from impls.hadaptive.ablation.comparison import Trained
from impls.hadaptive.ablation.log import Log
from impls.hadaptive.ablation.table import markdown
from impls.hadaptive.config import NetworkConfig
from impls.hadaptive.images import sources
from impls.hadaptive.images.data import DataSet
from impls.hadaptive.training.command import application, network_config, numbers, run, usable_device, use_threads
from impls.hadaptive.training.loop import Training
from impls.hadaptive.training.progress import Shown
from impls.hadaptive.training.settings import Settings

app = application()


@app.command(epilog="Example:  python -m impls.hadaptive.ablate --variants full,bn --seeds 0,1,2 --epochs 10")
def ablate(
    variants: Annotated[str, typer.Option(help=f"all, or some of {', '.join(comparison.VARIANTS)}.")] = "all",
    seeds: Annotated[str, typer.Option(help="Comma-separated.")] = "0,1,2",
    data: Annotated[str, typer.Option(help=f"One of {', '.join(sources.SOURCES)}.")] = "digits",
    root: Annotated[Path, typer.Option(help="Folder of the data set; digits need none.")] = Path("data"),
    edge: Annotated[int | None, typer.Option(help="Image edge in pixels; 32 for digits, else 224.")] = None,
    network: Annotated[str, typer.Option(help="A variant, or a JSON file with a configuration.")] = "hadaptive_net_s",
    epochs: Annotated[int, typer.Option(help="For each training.")] = 10,
    batch: Annotated[int, typer.Option(help="Images a step.")] = 64,
    lr: Annotated[float, typer.Option(help="AdamW's learning rate at its highest.")] = 1e-3,
    backend: Annotated[str, typer.Option(help="Of the cross-Hadamard products.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, typer.Option(help="CPU threads; 0 leaves PyTorch's choice.")] = 0,
    results: Annotated[Path, typer.Option(help="Folder that holds the runs.")] = Path("results"),
    resume: Annotated[bool, typer.Option("--resume", help="Keep the trainings that are there.")] = False,
) -> None:
    """Train the variants of the ablation and print them beside the paper's figures for CIFAR-100."""
    use_threads(threads)
    names, numbered, config = comparison.chosen(variants), numbers("--seeds", seeds), network_config(network)
    dataset, on = sources.load(data, root, edge), usable_device(device)
    folder = results / "ablations" / f"{data}-{Path(network).stem}-{epochs}"
    recipe = Settings(epochs, batch, lr)
    log = Log(folder / "trainings.jsonl", _setting(config, dataset, recipe), resume=resume)
    for seed in numbered:  # seeds outside: whenever it is stopped, the variants have had about as many
        for name in names:
            if not log.has(name, seed):
                changed = config.with_hada(**comparison.VARIANTS[name].changes)
                training = Training(
                    changed, dataset, dataclasses.replace(recipe, seed=seed), device=on, backend=backend
                )
                log.add(*_trained(name, training))
    words = f"{Path(network).stem} on {dataset.described}, {epochs} epochs, batch {batch}, learning rate {lr:g}"
    table = markdown(comparison.rows(log.trained, names), words)
    (folder / "table.md").write_text(f"{table}\n", encoding="utf-8")
    print(table)


def _setting(config: NetworkConfig, data: DataSet, recipe: Settings) -> dict[str, Any]:
    """What all trainings of one log share; seeds and variants apart."""
    shared = {name: value for name, value in dataclasses.asdict(recipe).items() if name != "seed"}
    return {"data": data.described, "config": config.plain(), **shared}


def _trained(name: str, training: Training) -> tuple[Trained, float]:
    """To the end; and the seconds it took."""
    seed = training.settings.seed
    with Shown(f"{name}, seed {seed}", training.settings.epochs, lines=False) as progress:
        last = list(training.run(progress))[-1]
        seconds = sum(epoch.seconds for epoch in training.history)
        progress.note(f"test accuracy {last.accuracy:.2%}, loss {last.loss:.4f}, {seconds:.1f} s")
    return Trained(name, seed, last.accuracy), seconds


if __name__ == "__main__":
    run(app, "ablate")
