"""Every backend gives the reference's logits, carries its figures, and wrong ones do not pass."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from impls.freezing import WAYS
from impls.libraries import library
from impls.zoo import building, drawing, openvino, torch_compile, torch_eager
from impls.zoo.building import build
from impls.zoo.definition import module_for
from impls.zoo.models import MODELS
from opbench import Backend, Case, Check, Figured, Launch, Point, Unavailable, catalog
from opbench.measure.compare import compare
from opbench.measure.point import PointMeasurement
from opbench.vocabulary.record import Outcome
from opbench.vocabulary.settings import Settings

from .points import FAMILIES, at, check_points

SMALL = "mobilevit_xxs"


@pytest.fixture(scope="module", autouse=True)
def _small_probe() -> Iterator[None]:
    """Statistics of BatchNorm from images of 64x64, a twelfth of the work: these tests ask whether two ways to compute
    a model agree, at edges up to 65. What they are taken from is asked in test_building.py.
    """
    build.cache_clear()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(drawing, "PROBE", (8, 3, 64, 64))
        yield
    build.cache_clear()


def verdicts(point: Point, *backends: str) -> dict[str, Check | Outcome]:
    """What `opbench check` finds: each launch on the inputs and on halved ones, the inputs untouched."""
    cases = [Case(point, backend) for backend in backends]
    with torch.no_grad():
        return PointMeasurement(point, cases, Settings(), lambda *_: None).verify(catalog.operator(point.operator))


def assert_right(actual: dict[str, Check | Outcome]) -> None:
    wrong = {label: one for label, one in actual.items() if not isinstance(one, Check)}
    assert not wrong


@pytest.mark.parametrize("name", FAMILIES)
def test_eager_matches_the_reference_at_every_check_point(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    points = check_points(catalog.operator(name))
    if name != SMALL:
        # One point of the others, an odd edge at batch 1: that a batch is taken is the same code for all. And no copy
        # to see how much memory it takes, which is nothing that a verdict could depend on.
        points = points[1:2]
        monkeypatch.setattr(torch_eager, "loaded", lambda load, *_: (load(), {}))
    for point in points:
        assert_right(verdicts(point, "torch_eager"))


def test_float64_matches_to_its_own_precision() -> None:
    assert_right(verdicts(at(SMALL, "float64", batch=2), "torch_eager"))


@pytest.mark.parametrize("name", ["shufflenet_v2_x1_0", SMALL])
def test_a_compiled_model_is_one_graph_and_right(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dynamo's graph is what is tested; generating code for it takes a minute and is the compiler's own matter."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    assert_right(verdicts(at(name), "torch_compile"))


@pytest.mark.parametrize("schedule", ["", *WAYS])
def test_a_schedule_of_the_compiler_is_one_way_to_hold_its_weights(
    schedule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What each sets is asked in test_freezing.py; here, that the model's own is asked for, and none without a name."""
    ways: list[str] = []

    def frozen(launch: Launch, way: str) -> Launch:
        ways.append(way)
        return launch

    monkeypatch.setattr(torch_compile, "compiled", lambda function, *_: function)
    monkeypatch.setattr(torch_compile, "frozen", frozen)
    monkeypatch.setattr(torch_compile, "loaded", lambda load, *_: (load(), {}))
    point = at(SMALL)
    inputs = catalog.operator(SMALL).inputs(point)
    launch = torch_compile.prepare(point, inputs, None, schedule)
    with torch.no_grad():
        assert torch.equal(launch.call() if isinstance(launch, Figured) else launch(), module_for(point)(inputs["x"]))
    assert ways == ([schedule] if schedule else [])


def test_onednn_graph_is_right_and_its_switch_as_before() -> None:
    for before in (False, True):
        torch.jit.enable_onednn_fusion(before)
        try:
            assert_right(verdicts(at(SMALL), "onednn_graph"))
            assert torch.jit.onednn_fusion_enabled() is before  # type: ignore[no-untyped-call]  # torch: untyped
        finally:
            torch.jit.enable_onednn_fusion(enabled=False)


def test_without_its_switch_onednn_graph_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.jit, "enable_onednn_fusion")
    backend = catalog.backend(SMALL, "onednn_graph")
    assert isinstance(backend, Backend)
    assert "has no oneDNN Graph behind TorchScript any more" in (backend.refusal(at(SMALL)) or "")


def test_a_file_is_right_in_every_runtime_that_reads_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the model whose channels, 58, no layout of blocks takes as they are, at an edge that nothing divides.

    One block of each of its kinds.
    """
    for needed in ("onnxscript", "onnxruntime", "openvino"):
        pytest.importorskip(needed, reason=f"{needed} is not installed")
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path))
    short = library("torchvision.models.shufflenetv2").ShuffleNetV2
    monkeypatch.setattr(building, "_made", lambda _: short([2, 1, 1], [24, 116, 232, 464, 128], num_classes=100))
    build.cache_clear()
    assert_right(verdicts(at("shufflenet_v2_x1_0", edge=33, threads=1), "ort_stock", "openvino"))
    build.cache_clear()


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["mobilenetv3_small_100", SMALL])
def test_a_replayed_graph_computes_anew(name: str) -> None:
    assert_right(verdicts(at(name, device="cuda", batch=2, edge=67), "cuda_graph", "torch_eager"))


def test_without_a_gpu_a_cuda_graph_says_what_it_needs() -> None:
    assert verdicts(at(SMALL), "cuda_graph") == {"cuda_graph": Unavailable("runs on cuda, not on cpu")}


def test_openvino_is_given_the_models_own_module_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """That it computes what it is given is shown by files that take no seconds to export (test_openvino.py)."""
    point = at(SMALL)
    given = openvino.model_of(point, {})
    x = catalog.operator(SMALL).inputs(point)["x"]
    with torch.no_grad():
        assert torch.equal(given(x), module_for(point)(x))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    backend = catalog.backend(SMALL, "openvino")
    assert isinstance(backend, Backend)
    assert backend.refusal(point) == "openvino is not installed; python -m pip install openvino"


def another_image(model: nn.Module) -> None:
    model.register_forward_hook(lambda _, __, y: y.roll(1, dims=0))


def slightly_scaled(model: nn.Module) -> None:
    model.register_forward_hook(lambda _, __, y: y * (1 + 2e-3))


def without_a_shift(model: nn.Module) -> None:
    norm = [one for one in model.modules() if isinstance(one, nn.BatchNorm2d)][3]
    norm.bias.data.zero_()


def in_training(model: nn.Module) -> None:
    model.train()


@pytest.mark.parametrize("spoil", [another_image, slightly_scaled, without_a_shift, in_training])
@torch.no_grad()
def test_a_wrong_model_does_not_pass(spoil: Callable[[nn.Module], None]) -> None:
    point = at(SMALL, batch=2)
    operator = catalog.operator(SMALL)
    inputs, model = operator.inputs(point), module_for(point)
    want = operator.reference(point, inputs)
    assert compare(model(inputs["x"]), want, operator.tolerance(point), torch.float32).passed
    spoil(model)
    assert not compare(model(inputs["x"]), want, operator.tolerance(point), torch.float32).passed


@torch.no_grad()
def test_preparing_shows_what_a_copy_of_the_model_takes_and_leaves_the_shared_one_alone() -> None:
    point = at(SMALL)
    inputs = catalog.operator(SMALL).inputs(point)
    launch = torch_eager.prepare(point, inputs, None, "")
    assert isinstance(launch, Figured)
    assert launch.figures["load_s"] > 0
    peak = launch.figures.get("peak_bytes")
    assert peak is None or peak >= 4 * MODELS[SMALL].parameters
    before = launch().clone()
    next(build(SMALL).parameters()).add_(1)
    try:
        assert torch.equal(launch(), before)
    finally:
        build.cache_clear()


@torch.no_grad()
def test_the_memory_of_a_run_is_in_the_figures() -> None:
    peaks = []
    for edge in (37, 300):
        point = at(SMALL, edge=edge)
        launch = torch_eager.prepare(point, catalog.operator(SMALL).inputs(point), None, "")
        assert isinstance(launch, Figured)
        if "peak_bytes" not in launch.figures:
            pytest.skip("this kernel does not start a process's peak anew")
        peaks.append(launch.figures["peak_bytes"])
    assert peaks[1] > peaks[0] + 4 * 32 * 150 * 150  # its second map alone


@torch.no_grad()
def test_a_point_gets_the_threads_it_asks_for() -> None:
    torch.set_num_threads(3)
    for threads, actual in ((1, 1), (0, 3)):
        point = at(SMALL, threads=threads)
        torch_eager.prepare(point, catalog.operator(SMALL).inputs(point), None, "")
        assert torch.get_num_threads() == actual
