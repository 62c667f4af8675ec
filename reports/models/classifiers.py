"""Image classifiers measured end to end: which records they are, what the paper calls them, where they ran.

A record of one has the sizes `parameters` and `classes`. A run is about models where it holds a comparison model or
the ONNX Runtime; Hadaptive-Net alone with the product's backends inside is another question (the sweep `network`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Record
from reports.data.grouping import grouped
from reports.data.machine_records import besides_machine
from reports.data.naming import counted
from reports.data.series import Panel, panels, settled
from reports.models.detectors import DETECTORS, is_detector
from reports.models.reported import table7

OURS = "Hadaptive-Net"

MODELS = "image classifiers"
"""What all whole models together are called where each operator has a name."""

_NAMES = {
    **{f"hadaptive_{size}": f"{OURS}-{size.upper()}" for size in "sml"},
    "mobilenetv3_small_100": "MobileNetV3-S",
    "mobilenetv3_large_100": "MobileNetV3-L",
    "mobilenetv4_conv_small": "MobileNetV4-S",
    "mobilenetv4_conv_medium": "MobileNetV4-M",
    "mobilenetv4_conv_large": "MobileNetV4-L",
    **{f"starnet_s{size}": f"StarNet-S{size}" for size in range(1, 5)},
    "ghostnet_100": "GhostNet-1.0",
    "ghostnetv3_100": "GhostNetV3-1.0",
    **{f"mobileone_s{size}": f"MobileOne-S{size}" for size in range(4)},
    "shufflenet_v2_x1_0": "ShuffleNetV2-1.0",
    **{f"mobilevit_{size}": f"MobileViT-{size.upper()}" for size in ("xxs", "xs", "s")},
}

RUNTIMES = {
    "torch_eager": "PyTorch, eager",
    "torch_compile": "torch.compile",
    "cuda_graph": "PyTorch, CUDA graph",
    "cpp_ext": "PyTorch, our kernels",
    "ort_stock": "ONNX Runtime, standard nodes",
    "ort_custom": "ONNX Runtime, our operator",
    "openvino": "OpenVINO",
    "fused": "PyTorch, our whole network",
    "ort_fused": "ONNX Runtime, our whole network",
}
"""In the order of the tables' columns; a runtime that is not here comes after them under its own name."""


@dataclass(frozen=True)
class Place:
    """Where and how latencies were taken; only those of one place are held against each other.

    threads: as asked for, or where the axis is 0 what PyTorch chose; 0 where nobody says.
    edge: of the image, in pixels.
    """

    device: str
    threads: int
    edge: int
    dtype: str
    clock: str


@dataclass(frozen=True)
class Bench:
    """All models of one place at one batch.

    cells: (operator, runtime) to its record, whatever came of it.
    """

    place: Place
    label: str
    cells: Mapping[tuple[str, str], Record]

    @cached_property
    def models(self) -> list[str]:
        """Operators in the paper's order; those it does not have after them, by parameters."""
        order = {name: number for number, name in enumerate(table7())}
        sizes = {operator: record.sizes["parameters"] for (operator, _), record in self.cells.items()}
        return sorted(sizes, key=lambda operator: (order.get(shown(operator), len(order)), sizes[operator], operator))

    @cached_property
    def runtimes(self) -> list[str]:
        """Runtimes without a schedule of their own, see `is_schedule`."""
        measured = {runtime for _, runtime in self.cells if not is_schedule(runtime)}
        return [name for name in RUNTIMES if name in measured] + sorted(measured - RUNTIMES.keys())

    @cached_property
    def times(self) -> dict[tuple[str, str], Interval]:
        """Seconds: the median and its interval, of every cell that was measured."""
        return {key: time for key, record in self.cells.items() if (time := record.latency) is not None}

    def any(self, operator: str) -> Record:
        """A record of the model for what does not depend on the runtime; one with its work if there is one."""
        of_model = [record for (name, _), record in self.cells.items() if name == operator]
        return next((record for record in of_model if record.work is not None), of_model[0])

    @property
    def device_name(self) -> str:
        return str(next(iter(self.cells.values())).environment.get("device_name", self.place.device))


def benches(records: Iterable[Record], batch: int = 1) -> list[Bench]:
    """Group the models by place, in the order they came. Empty for a run that is not about models."""
    models = of_models(settled(records))
    chosen = [record for record in models if record.case.point.axes["batch"] == batch and not record.case.replica]
    places = grouped(chosen, place_of)
    return [
        Bench(
            place,
            place_label(place, list(places)),
            {(record.case.point.operator, record.case.backend): record for record in group},
        )
        for place, group in places.items()
    ]


def of_models(records: Sequence[Record]) -> list[Record]:
    """Keep the forward passes of whole models; empty for a run that is not about models."""
    models = [record for record in records if _is_model(record)]
    return models if any(_is_compared(record) for record in models) else []


def operator_panels(records: Sequence[Record]) -> list[Panel]:
    """Make the panels of figures over an axis: without the machine's own records, which are no rivals, and without
    whole models, which have tables of their own and no axis that is worth a line.
    """
    rivals = besides_machine(records)
    models = {id(record) for record in of_models(rivals)}
    return panels(record for record in rivals if id(record) not in models and not is_detector(record))


def told_as(records: Sequence[Record]) -> dict[str, str]:
    """Give what whole models are called together, by operator: image classifiers, and detectors."""
    detectors = {record.case.point.operator: DETECTORS for record in records if is_detector(record)}
    return {record.case.point.operator: MODELS for record in of_models(records)} | detectors


def _is_model(record: Record) -> bool:
    return {"parameters", "classes"} <= record.sizes.keys() and record.case.point.mode == "forward"


def _is_compared(record: Record) -> bool:
    return record.case.backend.startswith("ort_") or not record.case.point.operator.startswith("hadaptive_")


def place_of(record: Record) -> Place:
    point = record.case.point
    threads = point.axes.get("threads", 0) or int(record.environment.get("threads", 0))
    return Place(point.device, threads, point.axes.get("edge", 0), point.dtype, point.clock)


def place_label(place: Place, among: Sequence[Place]) -> str:
    """Write `cpu, 2 threads`; edge, dtype and clock only where they differ among the places of the device."""
    of_device = [sibling for sibling in among if sibling.device == place.device]
    words = [place.device]
    if place.threads and (place.device == "cpu" or len({sibling.threads for sibling in of_device}) > 1):
        words.append(counted(place.threads, "thread"))
    if len({sibling.edge for sibling in of_device}) > 1:
        words.append(f"{place.edge}x{place.edge}")
    words += [place.dtype] if len({sibling.dtype for sibling in of_device}) > 1 else []
    words += [f"{place.clock} clock"] if len({sibling.clock for sibling in of_device}) > 1 else []
    return ", ".join(words)


def shown(operator: str) -> str:
    """Give the paper's name of an operator, or its own where the paper has none."""
    return _NAMES.get(operator, operator)


def family(operator: str) -> str:
    """Give the family of a model: `MobileOne` of `MobileOne-S2`."""
    return shown(operator).rpartition("-")[0] or operator


def is_schedule(runtime: str) -> bool:
    """Whether the runtime carries one of several schedules (`ort_custom:direct`): only Hadaptive-Net has those."""
    return ":" in runtime
