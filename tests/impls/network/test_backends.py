"""Every backend gives the reference's scores and, in a training step, its gradients; wrong ones do not pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from impls.cross_hadamard import kernels
from impls.hadaptive.ach_parts.selection import FixedSelection
from impls.hadaptive.config import GhostBottleneck, HadaBottleneck, NetworkConfig
from impls.hadaptive.network import HadaptiveNet
from impls.hadaptive.variants import VARIANTS
from impls.network import drawing, launches, product_backends, variants
from impls.network.backends import cuda_graph, fused, torch_compile
from impls.network.reference import FIRST
from impls.network.variants import expansions, state_shapes
from opbench import Case, Check, Inputs, Point, Unavailable, catalog
from opbench.measure.compare import compare
from opbench.measure.point import PointMeasurement
from opbench.vocabulary.record import Outcome
from opbench.vocabulary.settings import Settings

from .points import MODES, NETWORKS, at, check_points

ON_CPU = ("auto", "torch_eager", "torch_select", "cpp_ext")


def without_repeats(config: NetworkConfig) -> NetworkConfig:
    """Every kind of layer stands once, and what changes a shape wherever it stood."""
    kept = [
        one
        for at, one in enumerate(config.layers)
        if not (isinstance(one, GhostBottleneck | HadaBottleneck) and one.stride == 1 and one in config.layers[:at])
    ]
    return replace(config, layers=tuple(kept))


@pytest.fixture(scope="module", autouse=True)
def _without_repeats() -> Iterator[None]:
    """A layer that was right once is right again: of S two ACH, not six. test_gradients.py has the whole networks."""
    with pytest.MonkeyPatch.context() as patched:
        short = {name: without_repeats(config) for name, config in VARIANTS.items()}
        patched.setattr("impls.network.variants.VARIANTS", short)
        _forget()
        yield
    _forget()


def _forget() -> None:
    for cached in (drawing.state, variants.state_shapes, variants.selecting):
        cached.cache_clear()


def verdicts(point: Point, *backends: str) -> dict[str, Check | Outcome]:
    """What `opbench check` finds: each launch on the inputs and on halved ones, the inputs untouched."""
    cases = [Case(point, backend) for backend in backends]
    return PointMeasurement(point, cases, Settings(), lambda *_: None).verify(catalog.operator(point.operator))


def assert_right(actual: dict[str, Check | Outcome]) -> None:
    wrong = {label: one for label, one in actual.items() if not isinstance(one, Check)}
    assert not wrong


def without_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is made and run to see how much memory it takes, which is nothing that a verdict could depend on."""
    monkeypatch.setattr(product_backends, "loaded", lambda *_: (None, {}))


@pytest.mark.compiler
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_backends_of_a_cpu_match_the_reference_at_every_check_point(
    name: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = check_points(catalog.operator(name), mode)
    if name != "hadaptive_s":
        # The larger networks take seconds a point and have no layers of their own kind: one point of each.
        points = points[1:2]
    if (name, mode) != ("hadaptive_s", "forward"):
        without_a_copy(monkeypatch)
    for point in points:
        assert_right(verdicts(point, *ON_CPU))


@pytest.mark.parametrize("mode", MODES)
def test_float64_matches_to_its_own_precision(mode: str) -> None:
    assert_right(verdicts(at("hadaptive_m", mode, "float64"), "torch_select"))


@pytest.mark.compiler
@pytest.mark.parametrize("name", NETWORKS)
def test_the_network_in_one_call_matches_the_reference(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "loaded", lambda *_: (None, {}))  # as `without_a_copy`
    assert_right(verdicts(at(name), "fused"))


@pytest.mark.compiler
def test_as_one_node_of_a_runtime_it_matches_the_reference_too() -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    pytest.importorskip("onnx", reason="onnx is not installed")
    assert_right(verdicts(at("hadaptive_s"), "ort_fused"))


def test_a_network_that_is_not_fused_as_a_whole_is_not_measured_as_if_it_were(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(point: Point, inputs: Inputs, backend: str) -> HadaptiveNet:
        network = launches.network_of(point, inputs, backend)
        fixed(network)
        return network.eval()

    monkeypatch.setattr(fused, "network_of", spoilt)
    with pytest.warns(RuntimeWarning, match="a FixedSelection where a LearnedSelection"):
        (outcome,) = verdicts(at("hadaptive_s"), "fused").values()
    assert isinstance(outcome, Unavailable)
    assert "hadaptive_s is not fused as a whole: body.0 to body." in outcome.reason


def test_frozen_weights_have_no_gradient() -> None:
    (outcome,) = verdicts(at("hadaptive_s", "backward"), "torch_compile:frozen").values()
    assert isinstance(outcome, Unavailable)
    assert "torch_compile:frozen has no mode 'backward'" in outcome.reason


def test_frozen_weights_are_constants_while_it_is_compiled_and_not_after(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import config

    seen = []

    def compiled(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def call(x: Tensor) -> Tensor:
            seen.append((config.freezing, torch.is_grad_enabled()))
            return function(x)

        return call

    monkeypatch.setattr(torch_compile, "compiled", compiled)
    with torch.enable_grad():
        assert_right(verdicts(at("hadaptive_s"), "torch_compile:frozen"))
    assert seen[0] == (True, False)
    assert set(seen[1:]) == {(False, False)}


@pytest.mark.parametrize(("mode", "schedule"), [("forward", ":auto"), ("backward", "")])
def test_the_compiled_network_is_one_graph_and_right(mode: str, schedule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dynamo's graph is what is tested; generating code for it takes a minute and is the compiler's own matter."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    assert_right(verdicts(at("hadaptive_s", mode), f"torch_compile{schedule}"))


@pytest.mark.usefixtures("simulated")
@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here: the kernels run on it")
def test_the_kernels_of_a_gpu_match_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("triton", reason="triton is not installed")
    without_a_copy(monkeypatch)
    assert_right(verdicts(at("hadaptive_s", batch=1, edge=33), "triton_jit"))


@pytest.mark.gpu
@pytest.mark.parametrize("mode", MODES)
def test_a_replayed_graph_computes_anew(mode: str) -> None:
    point = at("hadaptive_s", mode, device="cuda", batch=2, edge=67)
    assert_right(verdicts(point, "cuda_graph", "cuda_graph:torch_eager"))


def test_without_a_gpu_a_cuda_graph_says_what_it_needs() -> None:
    actual = verdicts(at("hadaptive_s"), "cuda_graph", "triton_jit")
    assert actual == dict.fromkeys(actual, Unavailable("runs on cuda, not on cpu"))
    assert len(actual) == 2


def test_every_backend_of_the_product_can_be_had_inside_the_network() -> None:
    names = {one for one in catalog.backend_names("hadaptive_l") if not one.startswith(("ort_", "openvino"))}
    assert {*kernels.backends(), "auto", "cuda_graph", "fused"} == names
    assert set(cuda_graph.BACKEND.schedules) == set(kernels.backends()) - {"torch_compile"}


def fixed(network: HadaptiveNet) -> None:
    last = list(expansions(network).values())[-1]
    last.select = FixedSelection(last.k, 0.01)


def without_normaliser(network: HadaptiveNet) -> None:
    next(iter(expansions(network).values())).norm = nn.Identity()


def one_pair_off(network: HadaptiveNet) -> None:
    norm = next(iter(expansions(network).values())).norm
    norm.register_forward_hook(lambda _, __, y: y.roll(1, dims=1))


def without_residual(network: HadaptiveNet) -> None:
    for block in network.body:
        if getattr(block, "residual", False):
            block.residual = False  # type: ignore[assignment]  # torch types a module's attributes as modules
            return


def slightly_scaled(network: HadaptiveNet) -> None:
    network.register_forward_hook(lambda _, __, y: y * (1 + 1e-3))


@pytest.mark.parametrize("spoil", [fixed, without_normaliser, one_pair_off, without_residual, slightly_scaled])
def test_a_wrong_network_does_not_pass(spoil: Callable[[HadaptiveNet], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impls.hadaptive.ach.ACH._fuses", lambda _: False)
    point = at("hadaptive_s")
    operator = catalog.operator(point.operator)
    inputs = operator.inputs(point)
    network = launches.network_of(point, inputs, "torch_eager")
    want = operator.reference(point, inputs)
    assert compare(network(inputs["x"]), want, operator.tolerance(point), torch.float32).passed
    spoil(network)
    assert not compare(network(inputs["x"]), want, operator.tolerance(point), torch.float32).passed


@pytest.mark.parametrize("mode", MODES)
def test_a_launch_reads_the_inputs_own_memory(mode: str) -> None:
    point = at("hadaptive_s", mode)
    inputs = catalog.operator(point.operator).inputs(point)
    network = launches.network_of(point, inputs, "torch_eager")
    launch = launches.launch_of(point, inputs, network, network)
    before = launch().clone()
    inputs["head.classify.weight"].mul_(2)
    assert not torch.equal(launch(), before)
    assert network.get_parameter(FIRST).data_ptr() == inputs[FIRST].data_ptr()
    assert state_shapes(point.operator, training=mode == "backward").keys() <= inputs.keys()
