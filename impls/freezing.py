"""Compiled functions with their parameters as constants, as a runtime that reads a file has them, in Inductor's ways.

BatchNorm is folded into the weights then, and layouts are free. `max_autotune` has the compiler try its own matrix
products in C++ beside oneDNN's and keep the quicker; `cpp_wrapper` has it write the host's side in C++ too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Launch

WAYS: Mapping[str, Mapping[str, Any]] = {
    "frozen": {},
    "frozen_autotuned": {"max_autotune": True},
    "frozen_cpp": {"cpp_wrapper": True},
}
"""Schedules of backends, and what each sets in `torch._inductor.config` besides `freezing`."""


def frozen(launch: Launch, way: str = "frozen") -> Launch:
    """`launch`, whose compiled function has not been called yet, compiled so; it then takes part in no gradient.

    Inductor folds parameters only where no gradient can be wanted. Weights that change later do not count. Raises what
    torch.compile raises.
    """
    import torch
    from torch._inductor import config

    def without_gradients() -> Tensor:
        with torch.no_grad():
            return launch()

    with config.patch(freezing=True, **WAYS[way]):
        without_gradients()
    with torch.compiler.set_stance("fail_on_recompile"):
        without_gradients()
    return without_gradients
