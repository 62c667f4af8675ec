from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType

import pytest

from impls import torchvision_import
from impls.torchvision_import import make_torchvision_importable

from ..commands import Interpreter


def test_a_torchvision_that_is_installed_imports_and_detection_still_says_what_it_lacks(
    interpreter: Interpreter,
) -> None:
    if find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    code = """
from impls.torchvision_import import make_torchvision_importable
assert make_torchvision_importable() and make_torchvision_importable()
import torch
from torchvision.extension import _has_ops
from torchvision.models import shufflenet_v2_x0_5
from torchvision.ops import nms
assert shufflenet_v2_x0_5()(torch.zeros(2, 3, 33, 33)).shape == (2, 1000)
try:
    assert nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([1.0]), 0.5).tolist() == [0] and _has_ops()
except (RuntimeError, NotImplementedError) as exc:
    assert not _has_ops(), exc
print("both")
"""
    run = interpreter.run(code)
    assert run.stdout.strip() == "both", run.stderr


def absent_or_broken(monkeypatch: pytest.MonkeyPatch, spec: object, raises: Exception | None) -> None:
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.setattr(torchvision_import, "find_spec", lambda _: spec)

    def imported(name: str) -> ModuleType:
        if raises is not None:
            raise raises
        return ModuleType(name)

    monkeypatch.setattr(torchvision_import, "import_module", imported)


def test_an_absent_torchvision_is_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    absent_or_broken(monkeypatch, None, AssertionError("not to be imported"))
    assert not make_torchvision_importable()


def test_a_torchvision_broken_otherwise_is_not_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    absent_or_broken(monkeypatch, object(), RuntimeError("operator torchvision::roi_align does not exist"))
    with pytest.raises(RuntimeError, match="roi_align"):
        make_torchvision_importable()
