"""A training on disk: everything the next epoch depends on, and what it is a training of.

How it is written and read: `archive`.
"""

from __future__ import annotations

import dataclasses
import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impls.hadaptive.config import NetworkConfig, parse
from impls.hadaptive.network import HadaptiveNet, build
from impls.hadaptive.training import archive
from impls.hadaptive.training.config_difference import config_difference, name_of
from impls.hadaptive.training.loop import Epoch, Training
from impls.hadaptive.training.settings import Settings
from opbench.errors import UsageError

FORMAT = "opbench.hadaptive.training/1"
KEYS = {"format", "config", "data", "settings", "history", "state"}


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds. `data` describes the images: name, classes, channels and edge."""

    path: Path
    config: NetworkConfig
    data: dict[str, Any]
    settings: Settings
    history: list[Epoch]
    state: dict[str, Any]


def save(training: Training, path: Path) -> None:
    """Raises MachineError where the file cannot be written."""
    content = {
        "format": FORMAT,
        "config": training.network.config.plain(),
        "data": _described(training),
        "settings": dataclasses.asdict(training.settings),
        "history": [dataclasses.asdict(epoch) for epoch in training.history],
        "state": training.state(),
    }
    archive.write(content, path)


def load(path: Path) -> Checkpoint:
    """What `save` wrote, its tensors on the CPU.

    Raises UsageError for what is not there, truncated, of another kind or version, or holds code.
    """
    content = _content(path)
    kind = content.get("format") if isinstance(content, dict) else type(content).__name__
    if kind != FORMAT:
        raise UsageError(f"{path} is of format {kind!r}; expected a checkpoint of impls.hadaptive.train, {FORMAT!r}")
    if missing := KEYS - content.keys():
        raise UsageError(f"{path} lacks {', '.join(sorted(missing))}; expected {', '.join(sorted(KEYS))}")
    try:
        _check_described(content["data"])
        return Checkpoint(
            path,
            parse(content["config"]),
            content["data"],
            Settings(**content["settings"]),
            [Epoch(**fields) for fields in content["history"]],
            content["state"],
        )
    except (TypeError, ValueError, KeyError, AttributeError) as exc:  # a field too many or too few, or of another kind
        raise UsageError(f"{path} does not fit {FORMAT!r} ({exc}); train again") from exc


def resume(training: Training, path: Path) -> None:
    """Puts a fresh `training` where the one that wrote `path` was; from there on it goes the same way, bit for bit.

    Raises UsageError as `load`, and for a checkpoint of another network, other data or other settings, naming both.
    """
    checkpoint = load(path)
    _check_config(path, checkpoint.config, training.network.config)
    here = _described(training)
    if checkpoint.data != here:
        raise UsageError(
            f"{path} was trained on {_in_words(checkpoint.data)}, and this is {_in_words(here)}; expected the same"
        )
    there, now = dataclasses.asdict(checkpoint.settings), dataclasses.asdict(training.settings)
    if differing := [f"{name} {there[name]} there, {now[name]} here" for name in there if there[name] != now[name]]:
        raise UsageError(f"{path} has other settings: {'; '.join(differing)}; a resumption needs the same")
    try:
        training.restore(checkpoint.state, checkpoint.history)
    except (KeyError, RuntimeError, TypeError, ValueError, AttributeError) as exc:
        raise UsageError(f"{path} does not fit its own network ({archive.first_line(exc)}); train again") from exc


def load_network(path: Path, backend: str = "auto") -> HadaptiveNet:
    """The trained network in a checkpoint, in eval mode, on the CPU. Raises UsageError as `load`."""
    checkpoint = load(path)
    network = build(checkpoint.config, len(checkpoint.data["classes"]), checkpoint.data["channels"], backend)
    _put(checkpoint, network)
    return network.eval()


def load_weights(network: HadaptiveNet, path: Path) -> None:
    """Puts a checkpoint's parameters and statistics into `network`.

    Raises UsageError as `load`, and for a checkpoint of another network, classes or channels, naming both.
    """
    checkpoint = load(path)
    _check_config(path, checkpoint.config, network.config)
    there = (len(checkpoint.data["classes"]), checkpoint.data["channels"])
    here = (network.num_classes, network.in_chans)
    if there != here:
        raise UsageError(
            f"{path} is of {there[0]} classes and {there[1]} channels, "
            f"and the network has {here[0]} and {here[1]}; expected the same"
        )
    _put(checkpoint, network)


def _put(checkpoint: Checkpoint, network: HadaptiveNet) -> None:
    try:
        network.load_state_dict(checkpoint.state["network"])
    except (KeyError, RuntimeError, TypeError, AttributeError) as exc:
        raise UsageError(
            f"{checkpoint.path} does not fit its own network ({archive.first_line(exc)}); train again"
        ) from exc


def _content(path: Path) -> Any:
    if not path.is_file():
        raise UsageError(f"no checkpoint {path}; expected a file that impls.hadaptive.train wrote")
    if not zipfile.is_zipfile(path):  # the archive's table of contents stands at its end
        with path.open("rb") as file:
            bare = file.read(1) == pickle.PROTO
        problem = "a bare pickle, which may hold code" if bare else "truncated, or no checkpoint at all"
        raise UsageError(f"{path} is {problem}; expected a zip archive that impls.hadaptive.train wrote, whole")
    try:
        return archive.read(path)
    except pickle.UnpicklingError as exc:
        raise UsageError(
            f"{path} holds code or objects beside tensors ({_blamed(exc)}), and nothing of it was run; "
            "expected a checkpoint of impls.hadaptive.train"
        ) from exc
    except archive.DamagedError as exc:
        raise UsageError(f"{path} is damaged ({exc}); expected a whole checkpoint, copy it again") from exc


def _check_config(path: Path, there: NetworkConfig, here: NetworkConfig) -> None:
    if there != here:
        raise UsageError(
            f"{path} is of {name_of(there)}, and the network here is {name_of(here)}: {config_difference(there, here)}"
        )


def _check_described(data: Any) -> None:
    """Raises TypeError unless this is what `_described` makes."""
    kinds = {"name": str, "classes": list, "channels": int, "edge": int}
    if not isinstance(data, dict) or any(not isinstance(data.get(name), kind) for name, kind in kinds.items()):
        raise TypeError(f"data is {str(data)[:60]!r}, not a description of images")


def _described(training: Training) -> dict[str, Any]:
    data = training.data
    return {"name": data.name, "classes": list(data.classes), "channels": data.channels, "edge": data.edge}


def _in_words(data: dict[str, Any]) -> str:
    return f"{data['name']} ({len(data['classes'])} classes, {data['channels']}x{data['edge']}x{data['edge']})"


def _blamed(exc: pickle.UnpicklingError) -> str:
    """The line of torch's long message that names what was refused."""
    lines = str(exc).splitlines()
    return next((line.strip() for line in lines if "GLOBAL" in line or "Unsupported" in line), lines[0])[:160]
