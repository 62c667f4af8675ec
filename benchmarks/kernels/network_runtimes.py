"""A network on its operator's own image by each runtime, as `networks_beside_runtimes` starts it in a process.

Every entry is the backend that `opbench sweep models` measures under that name, without the harness around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Call = Callable[[], np.ndarray[Any, Any]]


def by_backend(backend: str, network: str, threads: int) -> Call:
    """The launch of a backend of the network's operator, with its scores as an array."""
    import torch

    from opbench import Backend, Point, catalog

    torch.set_grad_enabled(False)
    operator = catalog.operator(network)
    point = Point(network, operator.complete({"edge": 224, "batch": 1, "threads": threads}))
    name, _, schedule = backend.partition(":")
    found = catalog.backend(network, name)
    assert isinstance(found, Backend), f"no backend {name}"
    if reason := found.refusal(point):
        raise RuntimeError(reason)
    launch = found.prepare(point, operator.inputs(point), None, schedule)
    return lambda: launch().numpy()


RUNTIMES: Mapping[str, partial[Call]] = {
    name: partial(by_backend, backend)
    for name, backend in {
        "eager": "torch_eager",
        "cpp_ext": "cpp_ext",
        "compile": "torch_compile:frozen",
        "autotuned": "torch_compile:frozen_autotuned",
        "cpp_wrapper": "torch_compile:frozen_cpp",
        "onednn_graph": "onednn_graph",
        "ort_stock": "ort_stock",
        "openvino": "openvino",
        "ort_custom": "ort_custom",
        "ort_fused": "ort_fused",
        "fused": "fused",
    }.items()
}
"""By the names of the table; each takes a network and a number of threads."""


def runtimes_of(network: str) -> list[str]:
    """Those that its operator has a backend for, in the order of the table; ours are for Hadaptive-Nets alone."""
    from opbench import catalog

    there = set(catalog.backend_names(network))
    return [name for name, made in RUNTIMES.items() if _backend(made) in there]


def _backend(made: partial[Call]) -> str:
    (backend,) = made.args  # of `by_backend`
    return str(backend).partition(":")[0]
