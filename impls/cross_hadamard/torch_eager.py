"""x[:, i] * x[:, j], as one writes it down: what the paper calls native, and the baseline of the ratios.

Both gathers write a tensor of the output's size before the product reads them again, so this moves five
times the output's bytes. `torch_select` gathers the same way, but half as slowly.
"""

from __future__ import annotations

from impls.cross_hadamard.launching import backend_of
from impls.cross_hadamard.separate import kernels_of
from impls.cross_hadamard.steps import indexed

KERNELS = kernels_of(indexed)

BACKEND = backend_of("torch_eager", about="x[:, i] * x[:, j] (the paper's native)")
