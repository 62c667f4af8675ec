"""x[:, i] * x[:, j], as one writes it down: what the paper calls native, and the baseline of the ratios.

Both gathers write a tensor of the output's size before the product reads them again, so this moves five
times the output's bytes. `torch_select` gathers the same way, but half as slowly.
"""

from __future__ import annotations

from impls.cross_hadamard.backend_entry import backend_of
from impls.cross_hadamard.steps import indexed
from impls.cross_hadamard.torch_kernels import kernels_of

KERNELS = kernels_of(indexed)

BACKEND = backend_of(
    "torch_eager",
    about="x[:, i] * x[:, j] (the paper's native)",
    kind="framework",
    rank=60,
    look=("#000000", "s"),
)
