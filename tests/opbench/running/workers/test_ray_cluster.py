"""A cluster's devices by what its nodes say, and one line where Ray is not what is needed; without Ray."""

from __future__ import annotations

from importlib import metadata
from types import SimpleNamespace
from typing import Any

import pytest

from opbench.errors import MachineError, UsageError
from opbench.running.workers import ray_cluster
from opbench.running.workers.ray_cluster import Slot, connected, slots


def node(host: str, alive: bool = True, **resources: float) -> dict[str, Any]:
    named = {name.replace("_", ":", 1) if name.startswith("of") else name: amount for name, amount in resources.items()}
    named = {name.replace("of:", "accelerator_type:"): amount for name, amount in named.items()}
    return {"NodeID": f"id-{host}", "NodeManagerAddress": host, "Alive": alive, "Resources": named}


CLUSTER = [
    node("b", CPU=8, GPU=2, of_H200=1),
    node("a", CPU=4),
    node("c", CPU=16, GPU=1, of_A100=1),
    node("d", alive=False, CPU=64, GPU=8, of_B200=1),
    node("e", memory=1),
]


def test_processors_are_taken_as_whole_hosts() -> None:
    assert slots(CLUSTER, "cpu") == [
        Slot("id-a", "a", "cpu", 0, 4, 0),
        Slot("id-b", "b", "cpu", 0, 8, 0),
        Slot("id-c", "c", "cpu", 0, 16, 0),
    ]


def test_gpus_of_the_kind_that_is_named_are_taken_one_by_one() -> None:
    assert [slot.name for slot in slots(CLUSTER, "cuda", "H200")] == ["b cuda:0", "b cuda:1"]
    assert slots(CLUSTER, "cuda", "A100") == [Slot("id-c", "c", "cuda", 0, 0, 1)]
    assert len(slots(CLUSTER[:2], "cuda")) == 2


def test_of_several_kinds_one_has_to_be_named() -> None:
    with pytest.raises(UsageError, match=r"GPUs of 2 kinds \(A100, H200\); name one by --accelerator"):
        slots(CLUSTER, "cuda")
    with pytest.raises(UsageError, match=r"no accelerator 'B200' in this cluster.*; there are: A100, H200"):
        slots(CLUSTER, "cuda", "B200")
    with pytest.raises(UsageError, match="goes with --device cuda"):
        slots(CLUSTER, "cpu", "H200")


def test_a_cluster_without_the_device_is_one_line() -> None:
    with pytest.raises(MachineError, match="none of the cluster's 1 nodes has a device 'cuda'"):
        slots(CLUSTER[1:2], "cuda")


class NoRay:
    """What is found where Ray should be. version: None where it is not installed. raised: by its `init`."""

    def __init__(self, patch: pytest.MonkeyPatch, version: str | None, raised: Exception | None = None) -> None:
        self.asked: list[str] = []

        def init(address: str, **_: object) -> None:
            self.asked.append(address)
            if raised is not None:
                raise raised

        def told(name: str) -> str:
            if version is None:
                raise metadata.PackageNotFoundError(name)
            return version

        patch.setattr(metadata, "version", told)
        module = SimpleNamespace(is_initialized=lambda: False, init=init)
        patch.setattr(ray_cluster, "import_module", lambda _: module)


def test_ray_absent_or_too_old_is_one_line_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for version, says in ((None, "Ray is not installed here; "), ("2.9.3", "Ray 2.9.3 is installed, 2.60 or later")):
        NoRay(monkeypatch, version)
        with pytest.raises(MachineError, match=says) as caught:
            connected()
        assert "pip install 'opbench[ray]'" in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1


def test_no_cluster_or_one_of_another_version_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "there:6379")
    found = NoRay(monkeypatch, "2.60.0", ConnectionError("cannot find"))
    with pytest.raises(MachineError, match=r"no Ray cluster at 'there:6379'; start one \(ray start --head\)"):
        connected()
    assert found.asked == ["there:6379"]
    NoRay(monkeypatch, "3.0.0rc1", RuntimeError("Version mismatch:\n  cluster: Ray 2.61\n  this process: Ray 3.0"))
    with pytest.raises(MachineError, match="the cluster at 'elsewhere' refused: Version mismatch: cluster") as caught:
        connected("elsewhere")
    assert len(str(caught.value).splitlines()) == 1


def test_a_cluster_that_is_found_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    found = NoRay(monkeypatch, "2.60.0")
    assert connected() is not None
    assert found.asked == ["auto"]
