"""What ptxas prints with -v, read by kernel."""

from __future__ import annotations

from opbench.ptx.cost.ptxas_report import Used, used

NVCC = """\
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '_ZN7opbench7columnsIfEEv' for 'sm_90'
ptxas info    : Function properties for _ZN7opbench7columnsIfEEv
    40 bytes stack frame, 36 bytes spill stores, 52 bytes spill loads
ptxas info    : Used 255 registers, used 1 barriers, 40 bytes cumulative stack size, 4096 bytes smem, 400 bytes cmem[0]
ptxas info    : Compile time = 92.074 ms
ptxas info    : Function properties for __internal_trig_reduction
    40 bytes stack frame, 4 bytes spill stores, 4 bytes spill loads
ptxas info    : Compiling entry function 'flat' for 'sm_90'
ptxas info    : Function properties for flat
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 31 registers, used 1 barriers
"""

NVRTC = """\
ptxas info    : 41 bytes gmem
ptxas info    : Compiling entry function 'direct' for 'sm_90'
ptxas info    : Function properties for direct
ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 28 registers, used 0 barriers
"""


def test_every_kernel_has_its_own_registers_spills_and_static_shared_memory() -> None:
    assert used(NVCC) == {"_ZN7opbench7columnsIfEEv": Used(255, 40, 4096), "flat": Used(31, 0, 0)}


def test_nvrtc_prints_the_same_with_another_margin() -> None:
    assert used(NVRTC) == {"direct": Used(28, 0, 0)}


def test_a_kernel_that_was_not_finished_is_left_out() -> None:
    assert used("ptxas info : Compiling entry function 'torn' for 'sm_90'\n") == used("nvcc warning\n") == {}
