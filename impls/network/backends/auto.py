"""The networks as a user gets them: for every layer the backend that `auto` picks for its shape."""

from __future__ import annotations

from impls.network.product_backends import MODES, prepare_inside
from opbench import Backend

BACKEND = Backend(
    about="PyTorch's layers, pairs and expansions by what `auto` picks for each shape",
    prepare=prepare_inside("auto"),
    modes=MODES,
    kind="choice",
)
