"""python -m impls.hadaptive.inspect: train a network and its all-Ghost twin, and keep what shows how they differ.

    python -m impls.hadaptive.inspect                      # crops of seven photographs, minutes on two cores
    python -m impls.hadaptive.inspect --data folder --root DIR --edge 224 --epochs 200 --device cuda

The folder RESULTS/looking/DATA-NETWORK-SEED holds both trainings, `maps.npz` (Grad-CAM of every layer, both networks)
and `inside.json` (channels that were chosen, temperatures over the epochs); `python -m reports.hadaptive.inside FOLDER`
draws them. A training that is there, finished or not, is gone on with.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from typer import Option

from impls.hadaptive.all_ghost import all_ghost
from impls.hadaptive.config import LABELS, HadaBottleneck, NetworkConfig
from impls.hadaptive.images import sources
from impls.hadaptive.images.batches import count_of, in_order
from impls.hadaptive.inspect.choices import selection_shares
from impls.hadaptive.inspect.maps import layer_maps
from impls.hadaptive.inspect.pictures import Picture, pictures_of
from impls.hadaptive.training.command import application, network_config, run, usable_device, use_threads
from impls.hadaptive.training.folder import trained_in
from impls.hadaptive.training.loop import Training
from impls.hadaptive.training.settings import Settings
from opbench.errors import UsageError

if TYPE_CHECKING:
    from impls.hadaptive.images.data import DataSet

app = application()

FORMAT = "opbench.hadaptive.inside/1"


@app.command()
def look(
    data: Annotated[str, Option(help=f"One of {', '.join(sources.SOURCES)}.")] = "photos",
    root: Annotated[Path, Option(help="Folder of the data set; photos and digits need none.")] = Path("data"),
    edge: Annotated[int | None, Option(help="Image edge in training, in pixels; 96 for photos.")] = None,
    network: Annotated[str, Option(help="A variant, or a JSON file with a configuration.")] = "hadaptive_net_s",
    epochs: Annotated[int | None, Option(help="30 for photos and digits, else 200.")] = None,
    batch: Annotated[int, Option(help="Images a step.")] = 32,
    lr: Annotated[float, Option(help="AdamW's learning rate at its highest.")] = 1e-3,
    seed: int = 0,
    backend: Annotated[str, Option(help="Of the cross-Hadamard products.")] = "auto",
    device: Annotated[str, Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, Option(help="CPU threads; 0 leaves PyTorch's choice.")] = 0,
    workers: Annotated[int, Option(help="Processes that read images; 0 reads them here.")] = 0,
    results: Annotated[Path, Option(help="Folder that holds what is made.")] = Path("results"),
) -> None:
    """Train a network and its all-Ghost twin alike, and look inside both."""
    use_threads(threads)
    if workers < 0:
        raise UsageError(f"--workers is {workers}; expected at least 0")
    config, dataset = network_config(network), sources.load(data, root, edge)
    settings = Settings(sources.source(data).epochs if epochs is None else epochs, batch, lr, seed=seed)
    out = results / "looking" / f"{dataset.name}-{Path(network).stem}-{seed}"
    trainings = {}
    for name, architecture in (("network", config), ("twin", all_ghost(config))):
        training = Training(
            architecture, dataset, settings, device=usable_device(device), backend=backend, workers=workers
        )
        trained_in(out / name, training, resume=True, what=f"{dataset.name}, {name}")
        training.network.eval().cpu()
        trainings[name] = training
    shown = pictures_of(dataset)
    _write_maps(out / "maps.npz", trainings, shown)
    inside = _inside(config, dataset, trainings, shown, Path(network).stem)
    (out / "inside.json").write_text(f"{json.dumps(inside, indent=1)}\n", encoding="utf-8")
    for name, training in trainings.items():
        seconds = sum(epoch.seconds for epoch in training.history)
        accuracy = training.history[-1].accuracy
        print(f"{name}: test accuracy {accuracy:.2%} after {settings.epochs} epochs, {seconds:.0f} s")
    print(f"Figures: python -m reports.hadaptive.inside {out}")


def _write_maps(path: Path, trainings: dict[str, Training], shown: list[Picture]) -> None:
    """`network` and `twin`: (pictures, layers, H, W) uint8, 255 for 1; `pictures`: (pictures, H, W, 3) uint8."""
    arrays: dict[str, Any] = {"pictures": np.stack([picture.rgb for picture in shown])}
    for name, training in trainings.items():
        layers = range(len(training.network.body))
        maps = [layer_maps(training.network, picture.image, picture.label, layers) for picture in shown]
        arrays[name] = (255 * np.stack(maps)).round().astype(np.uint8)
    np.savez_compressed(path, **arrays)


def _inside(
    config: NetworkConfig, data: DataSet, trainings: dict[str, Training], shown: list[Picture], named: str
) -> dict[str, Any]:
    training = trainings["network"]
    batches = (images for images, _ in in_order(data.test, training.settings.batch, training.workers))
    return {
        "format": FORMAT,
        "network": named,
        "data": data.described,
        "settings": {
            "epochs": training.settings.epochs,
            "batch": training.settings.batch,
            "seed": training.settings.seed,
        },
        "test_images": count_of(data.test),
        "accuracies": {name: each.history[-1].accuracy for name, each in trainings.items()},
        "pictures": [picture.name for picture in shown],
        "layers": [
            {"kind": LABELS[type(layer)], "channels": layer.channels, "stride": layer.stride} for layer in config.layers
        ],
        "selection": selection_shares(training.network, batches),
        "selected": [layer.k for layer in config.layers if isinstance(layer, HadaBottleneck)],
        "temperatures": [list(epoch.temperatures) for epoch in training.history],
    }


if __name__ == "__main__":
    run(app, "inspect", "epochs that were finished are kept, the same command goes on")
