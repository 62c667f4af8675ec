"""python -m impls.hadaptive.search: which layers of Hadaptive-Net should be Ghost, which Hada, and which be left out.

    python -m impls.hadaptive.search                                  # digits, minutes on two cores
    python -m impls.hadaptive.search --space norms --annealing cosine           # Table 3, the paper's figures beside
    python -m impls.hadaptive.search --data cifar100 --root DIR --device cuda    # the paper's scale

A search has a folder, RESULTS/search/DATA-SPACE-ANNEALING-SEED: its checkpoint, `confidence.txt`, `network.json` (the
arg-max network, which the training command reads) and `result.json` (which `reports.hadaptive.search_confidence`
draws).
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from impls.hadaptive.images.sources import SOURCES, load
from impls.hadaptive.search import beside, checkpoint
from impls.hadaptive.search.annealing import SCHEDULES
from impls.hadaptive.search.gdas import Search
from impls.hadaptive.search.plans import plan
from impls.hadaptive.search.result import halves, outcome
from impls.hadaptive.search.settings import Settings
from impls.hadaptive.search.spaces import (
    about,
    reduced,
    search_space,
    space_names,
    usual_annealing,
    usual_network,
)
from impls.hadaptive.search.spaces.reported import reported
from impls.hadaptive.search.supernet import SuperNet
from impls.hadaptive.training.command import application, network_config, run, usable_device, use_threads
from impls.hadaptive.training.progress import Shown
from opbench.errors import UsageError

if TYPE_CHECKING:
    from impls.hadaptive.images.data import DataSet
    from impls.hadaptive.search.space import Space

app = application()

_SPACES = "; ".join(f"{name}: {about(name)}" for name in space_names())


@app.command()
def search(
    data: Annotated[str, Option(help=f"One of {', '.join(SOURCES)}.")] = "digits",
    root: Annotated[Path, Option(help="Where the data set's files are.")] = Path("data"),
    space: Annotated[str | None, Option(help=f"What to choose from: {_SPACES}. Digits late, else full.")] = None,
    network: Annotated[
        str | None, Option(help="Searched around: a variant, or a JSON configuration; else the space's own.")
    ] = None,
    divisor: Annotated[int | None, Option(help="Divides channels and k; digits 2, else 1.")] = None,
    edge: Annotated[int | None, Option(help="Of the images, in pixels; digits 16, else 224.")] = None,
    epochs: Annotated[int | None, Option(help="Digits 40, else 250.")] = None,
    batch: Annotated[int | None, Option(help="Images a step; digits 32, else 64.")] = None,
    annealing: Annotated[
        str | None, Option(help=f"Of the temperature: {', '.join(SCHEDULES)}; published cosine, else linear.")
    ] = None,
    weight_rate: Annotated[float, Option(help="AdamW's learning rate for the weights.")] = 3e-3,
    logit_rate: Annotated[float | None, Option(help="AdamW's for the logits; digits 0.01, else 3e-4.")] = None,
    seed: int = 0,
    backend: Annotated[str, Option(help="Of the cross-Hadamard products.")] = "auto",
    device: Annotated[str, Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, Option(help="On the CPU; 0 leaves PyTorch's choice.")] = 0,
    workers: Annotated[int, Option(help="Processes that read images, for each half.")] = 0,
    results: Annotated[Path, Option(help="Folder that holds the searches.")] = Path("results"),
    resume: Annotated[bool, Option("--resume", help="Go on from the checkpoint that is there.")] = False,
) -> None:
    """Search an architecture by GDAS and print the confidence in each candidate."""
    use_threads(threads)
    if workers < 0:
        raise UsageError(f"--workers is {workers}; expected at least 0")
    planned = plan(data)
    space = planned.space if space is None else space
    annealing = usual_annealing(space) if annealing is None else annealing
    settings = Settings(
        epochs=planned.epochs if epochs is None else epochs,
        batch=planned.batch if batch is None else batch,
        annealing=annealing,
        weight_rate=weight_rate,
        logit_rate=planned.logit_rate if logit_rate is None else logit_rate,
        seed=seed,
    )
    divisor = planned.divisor if divisor is None else divisor
    whole = usual_network(space) if network is None else network_config(network)
    around = reduced(whole, divisor, fine_stem=planned.fine_stem)
    searched = search_space(space, around, divisor)
    images = load(data, root, planned.edge if edge is None else edge)
    _check_edge(images, around.reduction)
    asked = "the space's own" if network is None else network
    question = {"data": images.described, "space": space, "network": asked, "divisor": divisor, **searched.plain()}
    search_run = _search(searched, images, settings, backend, usable_device(device), workers)
    out = results / "search" / f"{data}-{space}-{annealing}-{seed}"
    checkpoint_file = out / "checkpoint.pt"
    if checkpoint_file.exists() and not resume:
        raise UsageError(f"{out} already holds a search; --resume goes on with it, or name other --results")
    if checkpoint_file.exists():
        checkpoint.resume(search_run, checkpoint_file, question)
    _finish(search_run, checkpoint_file, question, f"{data}, {space}")
    _write(out, {**outcome(search_run, images, question), "reported": reported(space)}, images)


def _search(space: Space, data: DataSet, settings: Settings, backend: str, device: str, workers: int) -> Search:
    def make() -> SuperNet:
        return SuperNet(space, num_classes=len(data.classes), in_chans=data.channels, backend=backend)

    train, validation = halves(data.train, settings.seed)
    return Search(make, train, validation, settings, device=device, workers=workers)


def _check_edge(data: DataSet, least: int) -> None:
    if data.edge < least:
        raise UsageError(f"{data.described} is too small: strides divide edges by {least}; give --edge {least} or more")


def _finish(search_run: Search, checkpoint_file: Path, question: dict[str, Any], what: str) -> None:
    """The epochs that are left, each kept when it is done."""
    epochs, started = search_run.settings.epochs, time.perf_counter()
    with Shown(what, epochs, len(search_run.history)) as shown:
        for epoch in search_run.run(shown.step):
            checkpoint.save(search_run, checkpoint_file, question)
            shown.note(
                f"epoch {epoch.number}/{epochs}: temperature {epoch.temperature:.2f}, loss {epoch.train_loss:.3f}, "
                f"validation {epoch.validation_loss:.3f}, mean confidence {epoch.confidence:.0%}, "
                f"{time.perf_counter() - started:.0f} s"
            )


def _write(out: Path, result: dict[str, Any], data: DataSet) -> None:
    papers = result["reported"]
    drawn = beside.table(result["layers"], papers)
    for name, text in (
        ("result.json", json.dumps(result, indent=1)),
        ("network.json", json.dumps(result["network"], indent=1)),
        ("confidence.txt", drawn),
    ):
        (out / name).write_text(f"{text}\n", encoding="utf-8")
    print(drawn)
    print(f"\nSoftmax of the logits, in percent; * the likeliest; - not searched; /2 halves the edge. {data.described}")
    if papers is not None:
        accuracy = papers["top1_percent"]
        ended = "" if accuracy is None else f"; its search ended with {accuracy} % of the test images"
        divisor = result["question"]["divisor"]
        narrower = f"; ours has its channels and k divided by {divisor}" if divisor > 1 else ""
        print(f"In parentheses: {papers['source']}{ended}{narrower}")
    print(
        f"Arg-max network, {out / 'network.json'}: {len(result['network']['layers'])} of {len(result['layers']) - 1} "
        f"layers, {result['parameters']:,} parameters, {result['macs']:,} conv + linear MACs"
    )
    print(
        f"With the weights it shares, never trained alone: {result['test_accuracy']:.2%} of the test images, "
        f"{result['validation_accuracy']:.2%} of those the logits were trained on"
    )
    print(f"Figure: python -m reports.hadaptive.search_confidence {out / 'result.json'} {out / 'confidence.svg'}")


if __name__ == "__main__":
    run(app, "search")
