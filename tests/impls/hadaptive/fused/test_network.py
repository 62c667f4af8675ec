"""A prepared network gives the network's own numbers, whatever was done to it, and says what it could not fuse."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impls.hadaptive.ach import use_backend
from impls.hadaptive.ach_parts.selection import FixedSelection
from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck
from impls.hadaptive.fused.margins import UNDECIDED, margins, undecided
from impls.hadaptive.fused.network import FusedNet, fused
from impls.hadaptive.fused.specs import spec_of
from impls.hadaptive.network import HadaptiveNet
from opbench.errors import UsageError

from .networks import EVERY_KIND, images, net, off

NEAR = 1e-5
"""Of the largest score: what is promised."""

pytestmark = pytest.mark.usefixtures("plain")


def whole(quick: FusedNet) -> bool:
    return quick.describe().count("\n") == 0 and not quick.left


def test_all_layers_of_a_network_are_one_call() -> None:
    quick = fused(net())
    assert quick.describe() == "body.0 to head: one call"


@pytest.mark.parametrize("batch", [1, 3])
def test_scores_and_selections_are_the_networks_own(batch: int) -> None:
    model, x = net(), images(batch)
    quick = fused(model)
    assert not undecided(model, x).any()
    assert off(quick(x), model(x)) < NEAR
    for name, index in quick.selections(x).items():
        assert torch.equal(index, chosen(model, x)[name])
    assert len(quick.selections(x)) == sum(isinstance(layer, HadaBottleneck) for layer in EVERY_KIND.layers)


def chosen(model: HadaptiveNet, x: Tensor) -> dict[str, Tensor]:
    """What every ACH of the network itself selects."""
    found: dict[str, Tensor] = {}
    hooks = [
        module.register_forward_hook(lambda _, __, choice, name=name: found.update({name: choice.index}))
        for name, module in model.named_modules()
        if name.endswith("expand.select")
    ]
    model(x)
    for hook in hooks:
        hook.remove()
    return {name.removesuffix(".expand.select"): index for name, index in found.items()}


def test_maps_are_returned_where_no_scores_are_wanted() -> None:
    model, x = net(features_only=True), images()
    quick = fused(model)
    got, want = quick(x), model(x)
    assert len(got) == len(want) == len(model.feature_maps) == 3
    assert all(off(*both) < NEAR for both in zip(got, want, strict=True))
    assert quick.describe().count("one call") == 3


def test_an_empty_batch_and_an_image_of_another_size() -> None:
    model = net()
    quick = fused(model)
    assert quick(images(0)).shape == (0, 5)
    for x in (torch.zeros(1, 4, 29, 29), torch.zeros(3, 29, 29), torch.zeros(1, 3, 7, 29)):
        with pytest.raises(ValueError, match=r"this network"):
            quick(x)


def part(model: nn.Module, path: str) -> Any:
    """torch types what is inside a module as a tensor or a module."""
    return model.get_submodule(path)


def in_training(model: HadaptiveNet) -> None:
    part(model, "body.4.expand.select").train()  # which then draws noise, and no BatchNorm with it


def with_another_norm(model: HadaptiveNet) -> None:
    part(model, "body.5.expand").norm = nn.GroupNorm(3, 6).eval()


def with_a_hook(model: HadaptiveNet) -> None:
    part(model, "body.3.expand").register_forward_hook(lambda _, __, y: 2 * y)


def with_fixed_pairs(model: HadaptiveNet) -> None:
    part(model, "body.4.expand").select = FixedSelection(5, 0.01).eval()


def without_statistics(model: HadaptiveNet) -> None:
    part(model, "body.1")[1] = nn.BatchNorm2d(9, track_running_stats=False).eval()


def without_activation(model: HadaptiveNet) -> None:
    part(model, "body.2.spread")[2] = nn.ReLU().eval()


def with_a_forward_of_its_own(model: HadaptiveNet) -> None:
    part(model, "body.2.project").forward = lambda x: x[:, :9]


def without_zeros(model: HadaptiveNet) -> None:
    block = part(model, "body.6")
    block.spread = nn.Sequential(*[*block.spread][1:]).eval()


def with_a_convolution(model: HadaptiveNet, path: str, **changes: Any) -> None:
    """The one there, made anew with something else; its numbers are drawn."""
    old = part(model, path)
    form = {"stride": old.stride, "padding": old.padding, "groups": old.groups, "bias": old.bias is not None}
    torch.manual_seed(3)
    *above, last = path.split(".")
    kernel = changes.pop("kernel", old.kernel_size)
    part(model, ".".join(above))[int(last)] = nn.Conv2d(
        old.in_channels, old.out_channels, kernel, **(form | changes)
    ).eval()


def with_a_stride_each_way(model: HadaptiveNet) -> None:
    with_a_convolution(model, "body.1.0", stride=(1, 2))


def with_holes(model: HadaptiveNet) -> None:
    with_a_convolution(model, "body.2.spread.0", dilation=2, padding=4)


def with_another_border(model: HadaptiveNet) -> None:
    with_a_convolution(model, "body.1.0", padding_mode="reflect")


def with_a_wider_border(model: HadaptiveNet) -> None:
    with_a_convolution(model, "body.4.spread.0", kernel=3, padding=3)
    part(model, "body.4").residual = False


def with_a_long_window(model: HadaptiveNet) -> None:
    with_a_convolution(model, "body.5.spread.0", kernel=(1, 3), padding=(0, 1))


def with_a_wide_projection(model: HadaptiveNet) -> None:
    with_a_convolution(model, "body.5.project.0", kernel=3, padding=1)


SPOILT = [
    (with_a_stride_each_way, "body.1", r"a convolution with stride \(1, 2\); expected the same number both ways"),
    (with_holes, "body.2", r"a convolution with dilation \(2, 2\)"),
    (with_another_border, "body.1", "a convolution with padding_mode 'reflect'"),
    (with_a_wider_border, "body.4", r"a 3x3 convolution with padding \(3, 3\)"),
    (with_a_long_window, "body.5", r"a convolution with kernel \(1, 3\)"),
    (with_a_wide_projection, "body.5", "a 3x3 convolution at stride 1; expected 1 at"),
    (without_zeros, "body.6", "a 4x4 filter at stride 1 without zeros"),
    (in_training, "body.4", "training mode"),
    (with_another_norm, "body.5", "normalised by GroupNorm"),
    (with_a_hook, "body.3", "a hook waits for expand"),
    (with_fixed_pairs, "body.4", "FixedSelection where a LearnedSelection"),
    (without_statistics, "body.1", "without running statistics"),
    (without_activation, "body.2", "a ReLU where a Hardswish"),
    (with_a_forward_of_its_own, "body.2", "a forward of its own"),
]


def prepared_and_run(model: FusedNet | HadaptiveNet, x: Tensor) -> tuple[FusedNet, Tensor]:
    quick = model if isinstance(model, FusedNet) else fused(model)
    return quick, quick(x)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("spoil", "where", "says"), SPOILT)
def test_what_has_no_fused_form_runs_as_it_is_and_is_named(
    spoil: Callable[[HadaptiveNet], None], where: str, says: str, late: bool
) -> None:
    """Before it is prepared, or after: no other numbers than the network's own."""
    model, x = net(), images()
    before = fused(model) if late else None
    spoil(model)
    model.requires_grad_(requires_grad=False)
    torch.manual_seed(1)
    want = model(x)
    torch.manual_seed(1)
    with pytest.warns(RuntimeWarning, match=f"not fused, .*{where} .*{says}"):
        quick, got = prepared_and_run(before or model, x)
    assert off(got, want) < NEAR
    assert quick.left == (where,)
    lines = [line for line in quick.describe().splitlines() if line.startswith(f"{where}: as its parts, ")]
    assert len(lines) == 1
    assert re.search(says, lines[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quick(x)  # said once


def test_who_names_a_published_schedule_gets_its_products() -> None:
    model = net()
    use_backend(model, "cpp_ext:direct")
    with pytest.raises(UsageError, match="its products are by a published schedule, cpp_ext:direct"):
        spec_of(part(model, "body.4"), image=False)


def double(x: Tensor) -> Tensor:
    return x.double()


def wanting(x: Tensor) -> Tensor:
    return x.requires_grad_()


@pytest.mark.parametrize(
    ("given", "convert", "says"),
    [
        (double, True, "x is torch.float64"),
        (torch.Tensor.half, True, "x is torch.float16"),
        (wanting, False, "gradients"),
    ],
)
def test_calls_that_no_fused_layer_can_answer_are_the_networks_own(
    given: Callable[[Tensor], Tensor], convert: bool, says: str
) -> None:
    model, x = net(), given(images())
    quick = fused(model)
    if convert:
        model.to(x.dtype)
    with pytest.warns(RuntimeWarning, match=f"not fused, runs as PyTorch's own modules: {says}"):
        got = quick(x)
    assert torch.equal(got, model(x))
    assert got.dtype == x.dtype
    assert got.requires_grad == x.requires_grad


def test_training_is_the_networks_own_and_what_it_leaves_is_prepared_anew() -> None:
    model = net()
    quick, twin, x = fused(model), copy.deepcopy(model), images()
    quick.train()
    torch.manual_seed(1)
    with pytest.warns(RuntimeWarning, match="it is in training mode"):
        quick(x)
    torch.manual_seed(1)
    twin.train()(x)
    quick.eval()
    assert not model.training
    assert off(quick(x), twin.eval()(x)) < NEAR
    assert whole(quick)


def weight_written(model: HadaptiveNet) -> None:
    model.get_parameter("body.6.expand.mix.0.weight").data.mul_(1)  # nothing
    with torch.no_grad():
        model.get_parameter("body.6.expand.mix.0.weight").mul_(-1.5)


def statistics_written(model: HadaptiveNet) -> None:
    model.get_buffer("body.3.project.1.running_var").mul_(4)


def memory_replaced(model: HadaptiveNet) -> None:
    one = model.get_parameter("widen.0.weight")
    one.data = -one.data


def parameter_replaced(model: HadaptiveNet) -> None:
    model.head.classify.bias = nn.Parameter(torch.ones(5), requires_grad=False)


def layer_replaced(model: HadaptiveNet) -> None:
    model.body[8] = copy.deepcopy(model.body[8])
    for one in model.body[8].parameters():
        one.mul_(0.5)


def trained_a_step(model: HadaptiveNet) -> None:
    """By an optimiser whose kernel writes parameters, and with a BatchNorm that counts."""
    model.train().requires_grad_()
    optimizer = torch.optim.AdamW(model.parameters(), 0.1, fused=True)
    model(images(4, seed=3)).square().sum().backward()
    optimizer.step()
    model.eval().requires_grad_(requires_grad=False)


@pytest.mark.parametrize(
    "change",
    [weight_written, statistics_written, memory_replaced, parameter_replaced, layer_replaced, trained_a_step],
)
def test_what_changes_after_preparing_is_prepared_anew(change: Callable[[HadaptiveNet], None]) -> None:
    model, x = net(), images()
    quick = fused(model)
    before = quick(x)
    change(model)
    after = model(x)
    assert off(after, before) > 1e-3  # it matters
    assert off(quick(x), after) < NEAR


def test_nothing_is_prepared_anew_where_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = fused(net())
    monkeypatch.setattr(FusedNet, "prepare", lambda _: pytest.fail("prepared anew"))
    quick(images())
    quick(images(1))


def test_what_is_not_watched_stays_as_it_was_prepared() -> None:
    model, x = net(), images()
    quick = fused(model, watch=False)
    before = quick(x)
    weight_written(model)
    assert torch.equal(quick(x), before)
    quick.prepare()
    assert off(quick(x), model(x)) < NEAR


def test_a_sample_that_rounding_decides_is_named() -> None:
    model, x = net(), images(2)
    mixing = part(model, "body.4.expand.mix")
    wide = margins(model, x)
    assert float(wide.min()) > UNDECIDED
    assert not undecided(model, x).any()
    for one in (*mixing.parameters(), *mixing.buffers()):
        if one.dim():
            one[1:].copy_(one[:1].expand_as(one[1:]))  # every channel alike: scores tie
    assert undecided(model, x).all()
    assert margins(model, torch.full_like(x, float("nan"))).isnan().all()
    assert undecided(model, torch.full_like(x, float("nan"))).all()


def test_a_network_without_selections_is_always_decided() -> None:
    config = replace(EVERY_KIND, layers=EVERY_KIND.layers[:3])
    assert margins(net(config), images()).isinf().all()


def test_a_bottleneck_on_the_image_runs_as_it_is() -> None:
    model = net(replace(EVERY_KIND, layers=(GhostBottleneck(8, 2.0), Convolution(5))))
    with pytest.warns(RuntimeWarning, match="body.0 .*on the image"):
        quick = fused(model)
    assert off(quick(images()), model(images())) < NEAR
    assert quick.left == ("body.0",)


def test_another_module_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"fused\(\) takes a HadaptiveNet, got Linear; `hadaptive_net_s\(\)` makes one"
    ):
        fused(nn.Linear(2, 2))  # type: ignore[arg-type]
