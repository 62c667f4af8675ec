"""Registration with timm: with a stand-in for it anywhere, with timm itself where it is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from impls.hadaptive import timm_models
from opbench.errors import UsageError

NAMES = ["hadaptive_net_s", "hadaptive_net_m", "hadaptive_net_l"]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[..., Any]]:
    """What the stand-in was told."""
    told: dict[str, Callable[..., Any]] = {}
    models = ModuleType("timm.models")
    models.is_model = told.__contains__  # type: ignore[attr-defined]
    models.register_model = lambda entry: told.__setitem__(entry.__name__, entry)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", ModuleType("timm"))
    monkeypatch.setitem(sys.modules, "timm.models", models)
    return told


def test_all_three_are_registered_once(registry: dict[str, Callable[..., Any]]) -> None:
    assert timm_models.register()
    first = dict(registry)
    assert timm_models.register()
    assert list(registry) == NAMES
    assert registry == first


def test_an_entry_builds_the_network_from_what_timm_passes(registry: dict[str, Callable[..., Any]]) -> None:
    timm_models.register()
    entry = registry["hadaptive_net_s"]
    network = entry(pretrained=False, pretrained_cfg=None, pretrained_cfg_overlay=None, cache_dir=None, num_classes=3)
    assert network.num_classes == 3
    assert entry(features_only=True).features_only


def test_pretrained_weights_are_refused() -> None:
    with pytest.raises(UsageError, match="no pretrained weights of Hadaptive-Net"):
        timm_models.hadaptive_net_m(pretrained=True)


def test_an_absent_timm_is_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    monkeypatch.delitem(sys.modules, "timm.models", raising=False)
    assert not timm_models.register()


def test_a_broken_timm_is_not_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> ModuleType:
        raise ModuleNotFoundError(f"No module named 'safetensors' while importing {name}", name="safetensors")

    monkeypatch.setattr(timm_models, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="safetensors"):
        timm_models.register()


def timm_itself() -> Any:
    """Skips where timm is absent, and where the torchvision it imports is built for another PyTorch."""
    try:
        return import_module("timm")
    except ModuleNotFoundError as exc:
        pytest.skip(f"{exc.name} is not installed")
    except RuntimeError as exc:
        if "torchvision::nms" not in str(exc):
            raise
        pytest.skip("timm cannot be imported: torchvision is built for another PyTorch")


def test_timm_itself_creates_them() -> None:
    timm = timm_itself()
    timm_models.register()
    for name in NAMES:
        assert timm.create_model(name, num_classes=7).num_classes == 7
    assert timm.create_model("hadaptive_net_s", features_only=True).features_only
