"""The step-by-step form through torch.compile, which may find the fused attention in it or fuse the softmax alone."""

from __future__ import annotations

from impls.attention.self_attention.operator import written_out
from impls.compiled import prepare_compiled, preparing, why_not
from opbench import Backend

BACKEND = Backend(
    about="torch.compile of the written-out steps, static shapes",
    prepare=prepare_compiled(written_out),
    kind="compiler",
    rank=40,
    look=("#E69F00", "^"),
    unavailable=why_not,
    preparing=preparing,
)
