"""The torch.library operators: opcheck, one graph under torch.compile, autocast, DDP, counting, graph capture."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import torch
from torch import Tensor, nn

from impls.cross_hadamard.api import library_operators
from impls.cross_hadamard.functional import ach_expand, cross_hadamard
from opbench.counting.count import count

from .definitions import expected, index_of, random
from .subjects import Subject, native, subjects

pytestmark = pytest.mark.usefixtures("simulated")

INDEX = torch.tensor([[0, 1, 3], [2, 2, 0]])

UNTRACED = ("test_schema", "test_autograd_registration", "test_faketensor")
"""What opcheck asks of an operator without tracing it."""


def parameters(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    return torch.tensor([0.5], dtype=dtype), random(3, dtype=dtype, seed=3), random(3, dtype=dtype, seed=4)


@pytest.mark.usefixtures("graphs_only")
@pytest.mark.parametrize("subject", subjects(schedules=False, where=native))
def test_every_operator_passes_opcheck(subject: Subject) -> None:
    operators, device = torch.ops.opbench, subject.device
    # To a compiler these are the same opaque nodes, whatever computes them: traced around one, which takes a second.
    checks = (*UNTRACED, "test_aot_dispatch_dynamic") if subject.stem == "torch_eager" else UNTRACED
    x = random(2, 4, 3).to(device).requires_grad_()
    index, grad = INDEX.to(device), random(2, 3, 3, seed=2).to(device).requires_grad_()
    expanded = [one.to(device).requires_grad_() for one in parameters()]
    out, whole = torch.empty(2, 3, 3, device=device), random(2, 7, 3, seed=5).to(device)
    parted = (whole, x.detach(), index, *(one.to(device) for one in parameters()), "tanh", subject.name)
    for operator, given in (
        (operators.cross_hadamard, (x, None, subject.name)),
        (operators.cross_hadamard, (x, index, subject.name)),
        (operators.cross_hadamard_out, (x.detach(), index, out, subject.name)),
        (operators.cross_hadamard_backward, (grad, x, index, subject.name)),
        (operators.ach_expand, (x, index, *expanded, "tanh", subject.name)),
        (operators.ach_expand_backward, parted),
    ):
        torch.library.opcheck(operator.default, given, test_utils=checks)


@pytest.mark.usefixtures("graphs_only")
@pytest.mark.compiler
@pytest.mark.parametrize("subject", subjects(schedules=False, where=native))
def test_the_public_functions_are_one_graph_under_compile_with_gradients(subject: Subject) -> None:
    index, device = INDEX.to(subject.device), subject.device

    def step(x: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        y = cross_hadamard(x * 2, index, backend=subject.name).sum(1)
        return y + ach_expand(x, index, alpha, weight, bias, backend=subject.name).sum(1)

    given = [one.to(device).requires_grad_() for one in (random(2, 4, 3), *parameters())]
    want = step(*given)
    expected = torch.autograd.grad(want.sum(), given)
    torch._dynamo.reset()
    # To every compiler these are the same two opaque nodes, whatever computes them: code is generated around one.
    compiler = "inductor" if subject.stem == "cpp_ext" else "aot_eager"
    got = torch.compile(step, fullgraph=True, dynamic=False, backend=compiler)(*given)
    torch.testing.assert_close(got, want)
    for one, other in zip(torch.autograd.grad(got.sum(), given), expected, strict=True):
        torch.testing.assert_close(one, other)


def test_an_exported_program_holds_one_node_that_names_its_backend() -> None:
    class Module(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return cross_hadamard(x, backend="torch_select")

    program = torch.export.export(Module(), (random(2, 4, 3),), dynamic_shapes=({0: torch.export.Dim("batch")},))
    nodes = [node for node in program.graph.nodes if node.op == "call_function"]
    assert [str(node.target) for node in nodes] == ["opbench.cross_hadamard.default"]
    x = random(5, 4, 3, seed=7)
    assert torch.equal(program.module()(x), expected(x))


@pytest.mark.parametrize("name", ["cross_hadamard", "ach_expand"])
def test_shapes_follow_without_data(name: str) -> None:
    x, index = torch.empty(3, 9, 5, 7, device="meta"), torch.empty(3, 4, dtype=torch.int64, device="meta")
    if name == "cross_hadamard":
        assert cross_hadamard(x, index).shape == (3, 6, 5, 7)
        assert cross_hadamard(x).shape == (3, 36, 5, 7)
    else:
        flat = (torch.empty(6, device="meta"), torch.empty(6, device="meta"))
        assert ach_expand(x, index, torch.empty(1, device="meta"), *flat).shape == (3, 15, 5, 7)


@pytest.mark.usefixtures("graphs_only")
@pytest.mark.parametrize("subject", subjects(schedules=False, where=native))
def test_autocast_keeps_the_inputs_dtype_and_gives_gradients_in_the_parameters_dtype(subject: Subject) -> None:
    device = subject.device
    weights = [one.to(device).requires_grad_() for one in parameters()]
    convolution = nn.Conv1d(4, 4, 1).to(device)
    with torch.autocast(device, dtype=torch.bfloat16):
        mixed = convolution(random(2, 4, 3).to(device))
        y = ach_expand(mixed, INDEX.to(device), *weights, backend=subject.name)
        z = cross_hadamard(mixed, backend=subject.name)
    assert y.dtype == z.dtype == torch.bfloat16
    (y.float().sum() + z.float().sum()).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    for one in (*weights, *convolution.parameters()):
        assert one.grad is not None
        assert one.grad.dtype == torch.float32
        assert one.grad.isfinite().all()


class Expansion(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv1d(4, 4, 1)
        self.alpha, self.weight, self.bias = (nn.Parameter(one) for one in parameters())

    def forward(self, x: Tensor) -> Tensor:
        return ach_expand(self.mix(x), INDEX, self.alpha, self.weight, self.bias, backend="torch_select")


def test_distributed_data_parallel_gives_the_gradients_of_one_process(tmp_path: Path) -> None:
    from torch import distributed

    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        torch.manual_seed(0)
        module = Expansion()
        module(random(2, 4, 3)).sum().backward()
        want = [one.grad.clone() for one in module.parameters() if one.grad is not None]
        module.zero_grad()
        nn.parallel.DistributedDataParallel(module)(random(2, 4, 3)).sum().backward()
        got = [one.grad for one in module.parameters() if one.grad is not None]
    finally:
        distributed.destroy_process_group()
    assert len(got) == len(want) == 5
    for one, other in zip(got, want, strict=True):
        torch.testing.assert_close(one, other)


def test_both_counters_know_the_operators() -> None:
    pytest.importorskip("fvcore", reason="fvcore is not installed")
    x, index = torch.empty(2, 5, 7, 3, device="meta"), torch.empty(2, 4, dtype=torch.int64, device="meta")
    pairs = {"macs": 0, "products": 2 * 10 * 21, "elementwise": 0}
    assert count(torch.ops.opbench.cross_hadamard.default, {"x": x}) == {"fvcore": pairs, "torch": pairs}
    flat = {name: torch.empty(size, device="meta") for name, size in (("alpha", 1), ("weight", 6), ("bias", 6))}
    products = 2 * 6 * 21
    expanded = {"macs": 0, "products": products, "elementwise": 6 * products}
    actual = count(torch.ops.opbench.ach_expand.default, {"x": x, "index": index, **flat})
    assert actual == {"fvcore": expanded, "torch": expanded}


def test_a_mode_sees_the_operator_and_a_plain_call_skips_the_dispatcher(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from torch.utils._python_dispatch import TorchDispatchMode

    seen: list[str] = []

    class Witness(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(str(func))
            return func(*args, **(kwargs or {}))

    x = random(2, 4, 3)
    with Witness():  # type: ignore[no-untyped-call]  # torch leaves it untyped
        cross_hadamard(x, backend="torch_select")
    assert seen[0] == "opbench.cross_hadamard.default"
    calls = Mock(wraps=library_operators.cross_hadamard)
    monkeypatch.setattr(library_operators, "cross_hadamard", calls)
    cross_hadamard(x, backend="torch_select")
    assert calls.call_count == 1
    assert cross_hadamard(x.requires_grad_(), backend="torch_select").requires_grad
    assert calls.call_count == 2


@pytest.mark.gpu
@pytest.mark.parametrize("subject", subjects(where=lambda one: one.device == "cuda"))
def test_a_captured_graph_replays_on_new_values(subject: Subject) -> None:
    x, index = random(2, 9, 7, 7).cuda(), index_of(2, 5, 9).cuda()
    cross_hadamard(x, index, backend=subject.name)
    graph = torch.cuda.CUDAGraph()
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    with torch.cuda.stream(stream):
        cross_hadamard(x, index, backend=subject.name)
        with torch.cuda.graph(graph, stream=stream):
            y = cross_hadamard(x, index, backend=subject.name)
    x.copy_(random(2, 9, 7, 7, seed=9))
    graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(y.cpu(), expected(x.cpu(), index.cpu()))


@pytest.mark.gpu
@pytest.mark.parametrize("subject", subjects(schedules=False, where=lambda one: one.device == "cuda"))
def test_work_goes_to_the_current_stream(subject: Subject) -> None:
    x = random(2, 9, 7, 7).cuda()
    cross_hadamard(x, backend=subject.name)
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    with torch.cuda.stream(stream):
        torch.cuda._sleep(100_000_000)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        late = x * 2
        y = cross_hadamard(late, backend=subject.name)
    stream.synchronize()
    assert torch.equal(y.cpu(), expected(x.cpu() * 2))
