"""How many instructions of threads the PTX machine executes in a second of one core, in blocks of 256 threads.

`python -m benchmarks.ptx.speed` prints a line for each kind of kernel: the median of five runs of `BLOCKS` blocks, in
processor time, with the quickest and the slowest.
"""

from __future__ import annotations

import statistics
import time

import numpy as np

from opbench import ptx

THREADS, BLOCKS, TURNS, RUNS = 256, 256, 20, 5
FRAME = """
.version 8.0
.target sm_90
.address_size 64
.shared .align 4 .b8 words[1024];
.visible .entry k(.param .u64 a)
{
    .reg .pred %p<4>; .reg .b32 %r<12>; .reg .b64 %d<6>; .reg .f32 %f<6>;
    ld.param.u64 %d1, [a];
    mov.u32 %r1, %tid.x; mov.u32 %r2, %ctaid.x; mov.u32 %r3, %ntid.x; mad.lo.u32 %r4, %r2, %r3, %r1;
    mul.wide.u32 %d2, %r4, 4; add.s64 %d3, %d1, %d2; shl.b32 %r5, %r1, 2; mov.u32 %r6, 0; cvt.rn.f32.u32 %f2, %r1;
TURN:
    BODY
    add.u32 %r6, %r6, 1; setp.lt.u32 %p1, %r6, TURNS; @%p1 bra TURN;
    ret;
}
"""
BODIES = {
    "arithmetic": "fma.rn.f32 %f2, %f2, %f2, %f2; mul.f32 %f3, %f2, %f2; add.f32 %f2, %f3, %f2; xor.b32 %r7, %r6, %r4;"
    " shl.b32 %r8, %r7, 3; add.u32 %r9, %r8, %r7;",
    "global memory": "ld.global.f32 %f1, [%d3]; mul.f32 %f2, %f1, %f1; st.global.f32 [%d3], %f2;",
    "shared memory": "st.shared.u32 [%r5], %r6; bar.sync 0; xor.b32 %r7, %r5, 4; ld.shared.u32 %r8, [%r7]; bar.sync 0;",
    "divergence": "and.b32 %r7, %r4, 1; setp.eq.u32 %p2, %r7, 0; @%p2 bra EVEN; add.u32 %r8, %r4, 5; bra MEET;"
    " EVEN: add.u32 %r8, %r4, 9; mul.lo.u32 %r9, %r8, %r8; MEET: add.u32 %r10, %r8, 1;",
}


def rate(body: str) -> float:
    """Thread instructions a second."""
    module = ptx.parse(FRAME.replace("BODY", body).replace("TURNS", str(TURNS)))
    array = np.ones(THREADS * BLOCKS, np.float32)
    run = ptx.run  # which imports the machine
    start_s = time.process_time()
    result = run(module, "k", BLOCKS, THREADS, [array])
    return result.counters.thread_instructions / (time.process_time() - start_s)


def main() -> int:
    for name, body in BODIES.items():
        rates = sorted(rate(body) / 1e6 for _ in range(RUNS))
        print(f"{name:14s} {statistics.median(rates):6.0f} million a second ({rates[0]:.0f} to {rates[-1]:.0f})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
