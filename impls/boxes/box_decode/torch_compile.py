"""The definition through torch.compile: one loop, each box read once and written once."""

from __future__ import annotations

from impls.boxes.box_decode.operator import eager
from impls.compiled import prepare_compiled, preparing, why_not
from opbench import Backend

BACKEND = Backend(
    about="torch.compile of the definition, static shapes",
    prepare=prepare_compiled(eager),
    kind="compiler",
    rank=40,
    look=("#E69F00", "^"),
    unavailable=why_not,
    preparing=preparing,
)
