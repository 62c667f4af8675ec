"""Devices of a host by name: each once, of one kind, on processors of their own."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from opbench.errors import MachineError, UsageError
from opbench.running.workers.device_list import DeviceUnit, device_units, require_alike
from tests.rows import rows

HERE = range(8)


def test_processors_are_single_or_from_one_to_another() -> None:
    units = device_units(["cpu:0", "cpu:2-4", "cpu:7"], HERE)
    assert [(unit.kind, unit.name, sorted(unit.cpus)) for unit in units] == [
        ("cpu", "cpu:0", [0]),
        ("cpu", "cpu:2-4", [2, 3, 4]),
        ("cpu", "cpu:7", [7]),
    ]
    assert [unit.variables() for unit in units] == [{}] * 3


def test_gpus_go_by_their_number() -> None:
    assert device_units(["cuda:1", "cuda:0"], HERE) == (DeviceUnit("cuda:1"), DeviceUnit("cuda:0"))


@rows(
    "words, says",
    [
        (["gpu:0"], "no device 'gpu:0'; expected such as cuda:0,cuda:1"),
        (["cpu"], "no device 'cpu'"),
        (["cuda:0-3"], "no device 'cuda:0-3'"),
        (["cpu:3-1"], "no device 'cpu:3-1'"),
        (["cpu:0", "cuda:0"], "names cpu and cuda; a sweep is of one"),
        (["cpu:0-2", "cpu:2-3"], "cpu:0-2 and cpu:2-3 share processor 2"),
        (["cpu:7-8"], "processor 8 of cpu:7-8 is not usable; there are: 0,1,2,3,4,5,6,7"),
        (["cuda:1", "cuda:1"], "names a device twice"),
        (["cuda:1", "cuda:01"], "names a device twice"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(words: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        device_units(words, HERE)


def test_gpus_of_two_kinds_are_refused_by_name() -> None:
    units = device_units(["cuda:0", "cuda:1"], HERE)
    require_alike(units, lambda _: "H200")
    require_alike(device_units(["cpu:0", "cpu:1"], HERE), lambda _: pytest.fail("asked of a GPU"))
    with pytest.raises(UsageError, match="cuda:0 is GPU 0, cuda:1 is GPU 1; run the sweep on each kind"):
        require_alike(units, "GPU {}".format)


def test_a_process_of_a_gpu_sees_that_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    uuids = {0: "aaaa", 1: "MIG-bbbb"}
    cuda = SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 2,
        get_device_properties=lambda number: SimpleNamespace(uuid=uuids[number]),
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    assert DeviceUnit("cuda:0").variables() == {"CUDA_VISIBLE_DEVICES": "GPU-aaaa"}
    assert DeviceUnit("cuda:1").variables() == {"CUDA_VISIBLE_DEVICES": "MIG-bbbb"}
    with pytest.raises(MachineError, match="no device cuda:2 here; there are: cuda:0, cuda:1"):
        DeviceUnit("cuda:2").variables()
