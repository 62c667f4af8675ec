"""What of an instruction the machine does not know is refused with its line, before anything runs."""

from __future__ import annotations

import numpy as np
import pytest

from opbench import ptx
from opbench.errors import UsageError

from ..kernels import kernel

WORDS = np.zeros(1, np.uint64)

REFUSED = {
    "div.rz.f32 %f1, %f2, %f3;": "of divisions only .rn, .full and .approx are known",
    "testp.f32 %p1, %f1;": "expected one of ",
    "vote.sync.b32 %r1, %p1, -1;": "expected vote.sync with one of all, any, uni, ballot",
    "redux.sync.s32 %r1, %r2, -1;": "expected one of ",
    "atom.global.u32 %r1, [%d15], %r2;": "expected one of ",
    "atom.global.cas.b32 %r1, [%d15], %r2;": "this number of operands is not known",
    "setp.f32 %p1, %f1, %f2;": "expected one comparison, of ",
    "slct.s32 %r1, %r2, %r3, %r4;": "expected one type of what is chosen",
    "ldmatrix.sync.aligned.m8n8.shared.b16 {%r1}, [%r2];": "expected .m8n8 with one of .x1, .x2, .x4 in .shared",
    "ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r1}, [%r2];": "expected 2 registers",
    "ld.global.u32 %r1, %r2;": "expected an address",
    "ld.param.u32 %r1, [%d1];": "parameters are read by their names only",
    "cvta.to.u64 %d1, %d2;": "expected one of global, shared, local, const",
    "cvt.u32.b32 %r1, %r2;": "no conversion with .b32 is known",
    "cvt.rn.relu.f16.f32 %h1, %f1;": ".relu is known of no conversion",
    "X: bra.div X;": "of its modifiers only .uni is known",
    "membar.else;": "modifiers not known: else",
    "add.u32 1, %r1, %r2;": "expected a register as result",
    "add.u16 %h1, x, 1;": "cannot be read as .u16",
}


@pytest.mark.parametrize("body", REFUSED)
def test_what_is_not_known_of_an_instruction_is_refused_with_its_line(body: str) -> None:
    text = kernel(body, outside=".global .u32 x;")
    line = 1 + text[: text.index(body)].count("\n")
    with pytest.raises(UsageError) as refused:
        ptx.run(text, None, 1, 1, [WORDS])
    said = str(refused.value)
    assert said.startswith(f"PTX line {line}: ")
    assert REFUSED[body] in said
    assert "\n" not in said
