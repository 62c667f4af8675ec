"""One file, any runtime: the same numbers as PyTorch with our library and without it, at any batch."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from impls.cross_hadamard.functional import cross_hadamard
from impls.exported import agreement
from impls.exported import export as exporting
from impls.exported.export import export
from impls.exported.names import DOMAIN
from impls.exported.onnx_file import read
from impls.exported.session import open_file
from impls.hadaptive.ach import ACH, use_backend
from impls.hadaptive.replacing.replace import replace_with_ach
from impls.hadaptive.tokens import TokenACH
from impls.libraries import library
from opbench.errors import MachineError, UsageError

from .conftest import SHAPE, untrained
from .test_nodes import BOTH

if TYPE_CHECKING:
    from impls.hadaptive.network import HadaptiveNet


def ours(path: Path) -> Counter[str]:
    return Counter(node.op_type for node in read(path).graph.node if node.domain == DOMAIN)


def images(batch: int) -> Tensor:
    return torch.randn((batch, *SHAPE[1:]), generator=torch.Generator().manual_seed(batch))


def test_every_ach_is_one_node_and_every_kind_of_node_a_function(file: Path) -> None:
    assert ours(file) == {"AchSelectExpand": 1, "AchSelectExpandIdentity": 1}
    assert sorted(one.name for one in read(file).functions) == ["AchSelectExpand", "AchSelectExpandIdentity"]


@pytest.mark.parametrize("with_library", BOTH)
def test_it_computes_what_pytorch_does_at_any_batch(file: Path, net: HadaptiveNet, with_library: bool) -> None:
    session = open_file(file, with_library=with_library)
    for batch in (1, 2, 5):
        x = images(batch)
        want = net(x).detach()
        assert float((torch.from_numpy(session(x.numpy())) - want).abs().max()) <= 1e-5 * float(want.abs().max())


SMALL = (1, 5, 3, 7)


def two(**changes: Any) -> nn.Sequential:
    """Two ACH one after another, (B, 5, H, W) to (B, 14, H, W), and no network around: 0.6 s an export, not 2.1."""
    torch.manual_seed(3)
    model = nn.Sequential(ACH(5, 4, **changes), ACH(11, 3, norm="bn", **changes))
    with torch.no_grad():
        for _ in range(5):  # statistics of BatchNorm, those of pairs included
            model(torch.randn(16, *SMALL[1:]))
    return model.eval()


def test_every_normaliser_exports(tmp_path: Path) -> None:
    """One model with a layer of each, in one export."""
    model = nn.Sequential(ACH(5, 3, norm="dysig"), ACH(8, 4, norm="dyalge"), ACH(14, 2, norm="dyt"))
    path = export(model.eval(), tmp_path / "net.onnx", SMALL)
    assert ours(path) == {f"AchSelectExpand{suffix}": 1 for suffix in ("Sigmoid", "Algebraic", "Tanh")}


def test_a_published_schedule_stays_a_product_of_its_own_and_the_model_as_it_was(tmp_path: Path) -> None:
    model = two().train()
    use_backend(model, "cpp_ext:balanced")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    path = export(model, tmp_path / "net.onnx", SMALL)
    assert all(one.training for one in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(one.requires_grad for one in model.parameters())
    assert ours(path) == {"CrossHadamard": 2}
    (first, _) = (node for node in read(path).graph.node if node.domain == DOMAIN)
    assert {one.name: one.s for one in first.attribute} == {"schedule": b"balanced"}


def test_the_ablation_without_learned_selection_exports_with_its_index(tmp_path: Path) -> None:
    path = export(two(selection="fixed"), tmp_path / "net.onnx", SMALL)
    assert ours(path) == {"AchExpand": 1, "CrossHadamard": 1}


def test_a_feed_forward_of_tokens_exports(tmp_path: Path) -> None:
    """MobileViT's and BERT's form of ACH."""
    torch.manual_seed(5)
    path = export(TokenACH(12, 5), tmp_path / "tokens.onnx", (1, 7, 12))
    assert ours(path) == {"AchSelectExpand": 1}


def test_a_model_whose_blocks_were_replaced_exports(tmp_path: Path) -> None:
    model = replace_with_ach(library("timm").create_model("mobilenetv3_small_050", num_classes=3))
    del model.blocks[1:4]  # what is between its first and its replaced blocks is timm's alone
    model.blocks[1][0] = nn.Conv2d(8, 48, 3, stride=2)
    path = export(model, tmp_path / "replaced.onnx", (1, 3, 33, 33))
    assert ours(path) == {"AchSelectExpand": 2}


class AllPairs(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return cross_hadamard(x, backend="torch_eager")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(AllPairs(), tmp_path_factory.mktemp("pairs") / "pairs.onnx", (1, 5, 3, 3))


@pytest.mark.parametrize("with_library", BOTH)
def test_products_of_all_channels_export(pairs: Path, with_library: bool) -> None:
    x = torch.randn(2, 5, 3, 3)
    got = open_file(pairs, with_library=with_library)(x.numpy())
    np.testing.assert_array_equal(got, cross_hadamard(x, backend="torch_eager").numpy())


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    model = two().half()
    return model, export(model, tmp_path_factory.mktemp("half") / "half.onnx", SMALL)


@pytest.mark.parametrize("with_library", BOTH)
def test_half_precision(half: tuple[nn.Module, Path], with_library: bool) -> None:
    model, path = half
    session = open_file(path, with_library=with_library)
    x = torch.randn((2, *SMALL[1:]), generator=torch.Generator().manual_seed(2)).half()
    got, want = torch.from_numpy(session(x.numpy())), model(x).detach()
    assert got.dtype == torch.float16
    assert float((got.float() - want.float()).abs().max()) <= 1e-2 * float(want.abs().max())


class Reading(nn.Module):
    """Half of it is decided by the batch that it was traced with."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3)) * self.weight


def test_a_file_that_computes_something_else_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from onnx import helper

    plain = exporting._exported

    def altered(*arguments: Any) -> Any:
        made = plain(*arguments)
        made.graph.node.append(helper.make_node("Neg", [made.graph.node[-1].output[0]], ["turned"]))
        made.graph.output[0].name = "turned"
        return made

    monkeypatch.setattr(exporting, "_exported", altered)
    with pytest.raises(
        UsageError, match=r"the exported Reading answers otherwise than PyTorch: an output is .* as far"
    ):
        export(Reading(), tmp_path / "net.onnx", SHAPE)
    assert list(tmp_path.iterdir()) == []


class Jumping(nn.Module):
    """Sorts by a mean that is as good as equal for all samples: rounding decides."""

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(1)
        return (flat.sum(1) * 1e6 - flat.flip(1).sum(1) * 1e6 > 0).float()[:, None] + flat[:, :1]


def test_a_sample_that_rounding_decides_is_known_by_its_jumps() -> None:
    x = torch.randn((1, 3, 5, 5), generator=torch.Generator().manual_seed(0))
    model = Jumping()
    assert agreement.jumps(model, x[0], [model(x)[0]], [1e-3])
    still = Reading()
    assert not agreement.jumps(still, x[0], [still(x)[0].detach()], [1e-3])


class Both(nn.Module):
    """Two outputs, the second of them a thousand times as large."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        means = x.mean(dim=(2, 3)) * self.weight
        return means, 1e3 * x


def test_a_model_of_several_outputs_exports_under_their_names(tmp_path: Path) -> None:
    path = export(Both(), tmp_path / "both.onnx", (1, 3, 5, 7), ("means", "all"))
    session, x = open_file(path, with_library=False), torch.randn(3, 3, 5, 7)
    assert [one.name for one in session.runtime.get_outputs()] == ["means", "all"]
    for got, want in zip(session.outputs(x.numpy()), Both()(x), strict=True):
        torch.testing.assert_close(torch.from_numpy(got), want.detach(), rtol=1e-5, atol=1e-5)


def test_each_output_is_held_against_its_own_size() -> None:
    """What is little beside the largest of the second is much beside the first."""
    x = torch.randn((1, 3, 5, 5), generator=torch.Generator().manual_seed(0))
    model = Both()
    moved = [one[0].detach() + change for one, change in zip(model(x), (1e-2, 0.0), strict=True)]
    assert agreement.jumps(model, x[0], moved, [1e-3, 1.0])
    assert not agreement.jumps(model, x[0], [one[0].detach() for one in model(x)], [1e-3, 1.0])


@pytest.mark.parametrize(
    ("model", "shape", "says"),
    [
        (Reading().double(), SHAPE, r"the model is torch.float64; files hold float32 or float16"),
        (untrained(), (1, 3, 1, 1), r"cannot be exported: ValueError: the image is 1x1"),
        (untrained(), (1, 5, 23, 23), r"cannot be exported: ValueError: x has shape \(2, 5, 23, 23\)"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_one_line(
    model: nn.Module, shape: tuple[int, ...], says: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        export(model, tmp_path / "net.onnx", shape)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_does_not_take_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MachineError, match="cannot write"):
        export(Reading(), tmp_path / "file" / "net.onnx", SHAPE)
