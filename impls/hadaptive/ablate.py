"""The paper's ablations, run: `python -m impls.hadaptive.ablate` trains every variant with several seeds, on digits.

    python -m impls.hadaptive.ablate                             # figure 3 and table 1: the parts of ACH, in Net-S
    python -m impls.hadaptive.ablate --study placement           # table 2: which bottleneck of MobileNetV3-S has ACH
    python -m impls.hadaptive.ablate --study placement --count   # what its rows cost, nothing is trained

Finished trainings are kept in RESULTS/ablations/DATA-NETWORK-EPOCHS/trainings.jsonl, the table in table.md beside it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from impls.hadaptive.ablation import comparison
from impls.hadaptive.ablation.comparison import Trained
from impls.hadaptive.ablation.components import COMPONENTS, VARIANTS
from impls.hadaptive.ablation.log import Log
from impls.hadaptive.ablation.placement import NETWORK, PLACEMENT, placed, placement_costs
from impls.hadaptive.ablation.study import Study
from impls.hadaptive.ablation.table import markdown
from impls.hadaptive.images import sources
from impls.hadaptive.images.data import DataSet
from impls.hadaptive.training.command import application, network_config, numbers, run, usable_device, use_threads
from impls.hadaptive.training.loop import ModuleTraining, Training
from impls.hadaptive.training.progress import Shown
from impls.hadaptive.training.settings import Settings
from opbench.errors import UsageError, unknown

STUDIES = {study.name: study for study in (COMPONENTS, PLACEMENT)}
STANDARD = "hadaptive_net_s"

Make = Callable[[str, Settings], ModuleTraining]
"""From a variant's name to its training."""

app = application()


@app.command(epilog="Example:  python -m impls.hadaptive.ablate --variants full,bn --seeds 0,1,2 --epochs 10")
def ablate(
    study: Annotated[str, typer.Option(help="components: figure 3 and table 1; placement: table 2.")] = "components",
    variants: Annotated[
        str, typer.Option(help=f"all, or some of {'; '.join(', '.join(one.variants) for one in STUDIES.values())}.")
    ] = "all",
    seeds: Annotated[str, typer.Option(help="Comma-separated.")] = "0,1,2",
    data: Annotated[str, typer.Option(help=f"One of {', '.join(sources.SOURCES)}.")] = "digits",
    root: Annotated[Path, typer.Option(help="Folder of the data set; digits need none.")] = Path("data"),
    edge: Annotated[int | None, typer.Option(help="Image edge in pixels; 32 for digits, else 224.")] = None,
    network: Annotated[
        str | None, typer.Option(help=f"Of components: a variant, or a JSON configuration; else {STANDARD}.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="For each training.")] = 10,
    batch: Annotated[int, typer.Option(help="Images a step.")] = 64,
    lr: Annotated[float, typer.Option(help="AdamW's learning rate at its highest.")] = 1e-3,
    backend: Annotated[str, typer.Option(help="Of the cross-Hadamard products.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, typer.Option(help="CPU threads; 0 leaves PyTorch's choice.")] = 0,
    results: Annotated[Path, typer.Option(help="Folder that holds the runs.")] = Path("results"),
    resume: Annotated[bool, typer.Option("--resume", help="Keep the trainings that are there.")] = False,
    count: Annotated[bool, typer.Option("--count", help="Of placement: print what the rows cost, and end.")] = False,
) -> None:
    """Train the variants of an ablation and print them beside the paper's figures for CIFAR-100."""
    use_threads(threads)
    asked = _study(study, network, count)
    names, numbered = asked.chosen(variants), numbers("--seeds", seeds)
    if count:
        print(markdown(comparison.rows([], names, asked), asked, None, placement_costs(names)))
        return
    dataset, on, recipe = sources.load(data, root, edge), usable_device(device), Settings(epochs, batch, lr)
    config: dict[str, Any] | str
    if asked is PLACEMENT:
        stem, config, make = PLACEMENT.baseline, NETWORK, _of_placement(dataset, on, backend)
    else:
        stem, config, make = _of_components(network or STANDARD, dataset, on, backend)
    folder = results / "ablations" / f"{data}-{stem}-{epochs}"
    log = Log(folder / "trainings.jsonl", _setting(config, dataset, recipe), asked.variants, resume=resume)
    for seed in numbered:  # seeds outside: whenever it is stopped, the variants have had about as many
        for name in names:
            if not log.has(name, seed):
                log.add(*_trained(name, make(name, dataclasses.replace(recipe, seed=seed))))
    words = f"{stem} on {dataset.described}, {epochs} epochs, batch {batch}, learning rate {lr:g}"
    costs = placement_costs(names) if asked is PLACEMENT else None
    table = markdown(comparison.rows(log.trained, names, asked), asked, words, costs)
    (folder / "table.md").write_text(f"{table}\n", encoding="utf-8")
    print(table)


def _study(name: str, network: str | None, count: bool) -> Study:
    if name not in STUDIES:
        raise unknown("study", name, STUDIES, "of the ablations")
    if name == PLACEMENT.name and network is not None:
        raise UsageError(f"--network is {network}, and the study placement has a network of its own; leave it out")
    if name != PLACEMENT.name and count:
        raise UsageError(f"--count is of the study placement, whose costs the paper reports; this is {name}")
    return STUDIES[name]


def _of_components(network: str, data: DataSet, device: str, backend: str) -> tuple[str, dict[str, Any], Make]:
    """The network's name, what the log keeps of it, and how a variant of it is trained."""
    config = network_config(network)

    def make(name: str, settings: Settings) -> Training:
        return Training(config.with_hada(**VARIANTS[name].changes), data, settings, device=device, backend=backend)

    return Path(network).stem, config.plain(), make


def _of_placement(data: DataSet, device: str, backend: str) -> Make:
    def make(name: str, settings: Settings) -> ModuleTraining:
        return ModuleTraining(
            lambda: placed(name, len(data.classes), data.channels, backend), data, settings, device=device
        )

    return make


def _setting(config: dict[str, Any] | str, data: DataSet, recipe: Settings) -> dict[str, Any]:
    """What all trainings of one log share; seeds and variants apart."""
    shared = {name: value for name, value in dataclasses.asdict(recipe).items() if name != "seed"}
    return {"data": data.described, "config": config, **shared}


def _trained(name: str, training: ModuleTraining) -> tuple[Trained, float]:
    """To the end; and the seconds it took."""
    seed = training.settings.seed
    with Shown(f"{name}, seed {seed}", training.settings.epochs, lines=False) as progress:
        last = list(training.run(progress))[-1]
        seconds = sum(epoch.seconds for epoch in training.history)
        progress.note(f"test accuracy {last.accuracy:.2%}, loss {last.loss:.4f}, {seconds:.1f} s")
    return Trained(name, seed, last.accuracy), seconds


if __name__ == "__main__":
    run(app, "ablate")
