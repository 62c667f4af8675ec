"""The detectors as modules: drawn and settled once, and without values for whoever asks for shapes."""

from __future__ import annotations

from functools import lru_cache

import torch

from impls.detectors.drawing import settle
from impls.detectors.models import MODELS
from impls.hadaptive.ach import use_backend
from impls.hadaptive.detection.model.detector import Detector, detector
from impls.network.eager_ach import write_out

SEED = 9


@lru_cache(maxsize=2)
def build(name: str, head: str, classes: int) -> Detector:
    """The detector on the CPU in float32, in eval, its ACH in PyTorch's eager operators.

    It is shared: `copy.deepcopy` it before moving or changing anything. Raises MachineError without its library.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():  # libraries draw weights of their own
        made = detector(MODELS[name].backbone, classes, head=head)
        use_backend(made, "torch_eager")
        settle(made, torch.Generator().manual_seed(SEED), MODELS[name].calm)
    made.eval().requires_grad_(requires_grad=False)
    return made


@lru_cache(maxsize=4)
def skeleton(name: str, head: str, classes: int) -> Detector:
    """The detector on device `meta`, in eval, every ACH written out for counters to walk. Raises as `build`."""
    with torch.random.fork_rng(devices=[]):
        made = detector(MODELS[name].backbone, classes, head=head).to("meta")
    for buffer in ("mean", "deviation"):  # which tracers take for constants where they are no part of the state
        made.register_buffer(buffer, made.get_buffer(buffer))
    write_out(made)
    made.eval().requires_grad_(requires_grad=False)
    return made
