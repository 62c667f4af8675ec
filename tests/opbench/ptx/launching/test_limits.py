"""What a device refuses to launch, by its own properties or those of the PTX's target."""

from __future__ import annotations

import numpy as np
import pytest

from opbench import ptx
from opbench.errors import UsageError
from opbench.ptx.properties import KNOWN, properties_of

from ..kernels import kernel

MORE = ".extern .shared .align 16 .b8 more[];"
WORDS = np.zeros(4, np.float32)


@pytest.mark.parametrize(
    ("target", "most"), [("sm_80", 166912), ("sm_86", 101376), ("sm_90a", 232448), ("sm_87", 101376), ("sm_75", 166912)]
)
def test_shared_memory_is_that_of_the_ptxs_target(target: str, most: int) -> None:
    text = kernel("", outside=MORE).replace("sm_90", target)
    ptx.run(text, None, 1, 1, [WORDS], shared=most)
    said = rf"{most + 1} bytes of shared memory \(0 static, {most + 1} dynamic\); .* kernel k can have up to {most} on"
    with pytest.raises(UsageError, match=said):
        ptx.run(text, None, 1, 1, [WORDS], shared=most + 1)


def test_on_a_device_its_own_limit_counts() -> None:
    text = kernel("", outside=MORE).replace("sm_90", "sm_80")
    with ptx.device("sm_89") as device, pytest.raises(UsageError, match="up to 101376 on sm_89"):
        device.launch(text, None, 1, 1, [WORDS], shared=101377)
    with ptx.device("sm_90") as device:
        device.launch(text, None, 1, 1, [WORDS], shared=232448)


def test_static_and_dynamic_shared_memory_are_summed() -> None:
    text = kernel("", outside=f".shared .align 16 .b8 some[48];{MORE}")
    ptx.run(text, None, 1, 1, [WORDS], shared=232400)
    with pytest.raises(UsageError, match=r"232449 bytes of shared memory \(48 static, 232401 dynamic\)"):
        ptx.run(text, None, 1, 1, [WORDS], shared=232401)


def test_declared_shared_memory_has_a_limit_of_its_own() -> None:
    ptx.run(kernel("", outside=".shared .b8 some[49152];"), None, 1, 1, [WORDS])
    with pytest.raises(UsageError, match="49153 bytes of static shared memory; kernel k can declare up to 49152"):
        ptx.run(kernel("", outside=".shared .b8 some[49153];"), None, 1, 1, [WORDS])


@pytest.mark.parametrize(
    ("threads", "fits", "refused"), [(1024, 64, 65), (993, 64, 65), (512, 128, 129), (1, 255, 256)]
)
def test_registers_of_a_block_are_those_of_its_warps_in_units(threads: int, fits: int, refused: int) -> None:
    ptx.run(kernel(""), None, 1, threads, [WORDS], registers=fits)
    with pytest.raises(UsageError, match=rf"{refused} registers each takes|registers={refused}: a thread has 1 to 255"):
        ptx.run(kernel(""), None, 1, threads, [WORDS], registers=refused)


def test_a_ceiling_of_registers_is_no_count_of_them() -> None:
    ptx.run(kernel("", limits=".maxnreg 255"), None, 1, 1024, [WORDS])


def test_ptx_for_what_is_newer_than_all_known_devices_is_held_to_the_newest() -> None:
    assert properties_of("sm_999f") == [*KNOWN.values()][-1]
    assert properties_of("sm_100a").architecture == "sm_100"
