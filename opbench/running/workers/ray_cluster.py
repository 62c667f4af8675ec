"""A Ray cluster as `sweep --on ray` needs it: connected to, of a version that is known, and its devices one by one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Any

from opbench.errors import MachineError, UsageError, unknown

LEAST = (2, 60)
"""The first release of Ray that the tests were run with."""

INSTALL = "pip install 'opbench[ray]' on every host of the cluster"
KIND = "accelerator_type:"
"""What Ray's resources call a kind of GPU by."""


@dataclass(frozen=True)
class Slot:
    """One device of a cluster: a GPU of a node, or all processors of one.

    node: its id. host: its address. number: of the GPU among the node's that are alike. cpus, gpus: what a task asks of
    the node, so that Ray gives nobody else the device meanwhile.
    """

    node: str
    host: str
    device: str
    number: int
    cpus: float
    gpus: float

    @property
    def name(self) -> str:
        return f"{self.host} {self.device}{f':{self.number}' if self.gpus else ''}"


def connected(address: str | None = None) -> Any:
    """The module of Ray, connected to the cluster of RAY_ADDRESS or of this host.

    Raises MachineError where Ray is not installed, is too old, or has no such cluster.
    """
    ray = _module()
    if ray.is_initialized():
        return ray
    where = address or os.environ.get("RAY_ADDRESS") or "auto"
    try:
        ray.init(address=where, log_to_driver=False, logging_level="error", configure_logging=False)
    except ConnectionError as exc:
        raise MachineError(
            f"--on ray: no Ray cluster at {where!r}; start one (ray start --head), or set RAY_ADDRESS"
        ) from exc
    except RuntimeError as exc:  # also where the cluster runs another version of Ray or Python
        raise MachineError(f"--on ray: the cluster at {where!r} refused: {' '.join(str(exc).split())[:300]}") from exc
    return ray


def _module() -> Any:
    try:
        version = metadata.version("ray")
        ray = import_module("ray")
    except (ImportError, metadata.PackageNotFoundError) as exc:
        raise MachineError(f"--on ray: Ray is not installed here; {INSTALL}") from exc
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < LEAST:
        least = ".".join(map(str, LEAST))
        raise MachineError(f"--on ray: Ray {version} is installed, {least} or later is needed; {INSTALL}")
    return ray


def slots(nodes: Iterable[Mapping[str, Any]], device: str, kind: str = "") -> list[Slot]:
    """Every device of the living nodes, by host. nodes: what `ray.nodes()` returns. device: `cpu` or `cuda`.

    kind: of GPU, as Ray's resources call it. Raises UsageError for a kind that no node has, and where there are several
    kinds of GPUs and none is named; MachineError where there is no such device at all.
    """
    living = sorted((node for node in nodes if node["Alive"]), key=lambda node: str(node["NodeManagerAddress"]))
    if device == "cpu":
        if kind:
            raise UsageError(f"--accelerator {kind!r} names a kind of GPU; it goes with --device cuda")
        found = [slot for node in living for slot in _host(node)]
    else:
        kinds = {name for node in living for name in _kinds(node) if node["Resources"].get("GPU", 0) >= 1}
        _require_kind(kind, kinds)
        found = [slot for node in living if not kind or kind in _kinds(node) for slot in _gpus(node)]
    if not found:
        raise MachineError(f"--on ray: none of the cluster's {len(living)} nodes has a device {device!r}")
    return found


def _require_kind(kind: str, kinds: set[str]) -> None:
    if kind and kind not in kinds:
        raise unknown("accelerator", kind, kinds, "in this cluster")
    if not kind and len(kinds) > 1:
        told = ", ".join(sorted(kinds))
        raise UsageError(f"this cluster has GPUs of {len(kinds)} kinds ({told}); name one by --accelerator")


def _host(node: Mapping[str, Any]) -> Iterator[Slot]:
    if (cpus := node["Resources"].get("CPU", 0)) >= 1:
        yield Slot(node["NodeID"], node["NodeManagerAddress"], "cpu", 0, cpus, 0)


def _gpus(node: Mapping[str, Any]) -> Iterator[Slot]:
    for number in range(int(node["Resources"].get("GPU", 0))):
        yield Slot(node["NodeID"], node["NodeManagerAddress"], "cuda", number, 0, 1)


def _kinds(node: Mapping[str, Any]) -> Sequence[str]:
    return [name.removeprefix(KIND) for name in node["Resources"] if name.startswith(KIND)]
