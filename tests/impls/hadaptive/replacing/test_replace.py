"""Every family's own models with ACH in them: where it is; that they still fit, learn and export; what is refused."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import nn

from impls.hadaptive.ach import ACH
from impls.hadaptive.replacing import replace_with_ach
from impls.hadaptive.replacing.family import families
from opbench.errors import UsageError

from ..scenes import random
from .models import SUBJECTS, Scores, Subject, made

EACH = pytest.mark.parametrize("subject", SUBJECTS, ids=[one.family for one in SUBJECTS])


def replaced(subject: Subject, last: int | None = None, k: int | None = None) -> nn.Module:
    return replace_with_ach(made(subject), last, k=k, backend="torch_eager")


def where(model: nn.Module) -> list[str]:
    """The names of the ACH modules."""
    return [name for name, one in model.named_modules() if isinstance(one, ACH)]


def test_the_families_are_those_with_a_file() -> None:
    assert [one.name for one in families()] == [one.family for one in SUBJECTS]


@EACH
def test_what_the_paper_replaced_is_replaced_and_nothing_else(subject: Subject) -> None:
    before = dict(made(subject).named_parameters())
    model = replaced(subject)
    assert len(where(model)) == len(subject.usual)
    assert all(name.startswith(f"{block}.") for name, block in zip(where(model), subject.usual, strict=True))
    after = dict(model.named_parameters())
    outside = [name for name in before if not name.startswith(subject.usual)]
    assert {name for name in after if not name.startswith(subject.usual)} == set(outside)
    assert all(torch.equal(after[name], before[name]) for name in outside)


@EACH
def test_shapes_stay_from_the_last_block_to_all(subject: Subject) -> None:
    family = next(one for one in families() if one.name == subject.family)
    names = family.blocks(made(subject))
    for last in (1, subject.blocks):
        model = replaced(subject, last, k=3).eval()
        assert [name.startswith(f"{names[at - last]}.") for at, name in enumerate(where(model))] == [True] * last
        with torch.no_grad():
            assert model(subject.input(1)).shape == (1, 5)


@EACH
def test_a_step_lowers_the_loss_and_reaches_every_part_of_ach(subject: Subject) -> None:
    model = replaced(subject).double().train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    x, labels = subject.input().double(), torch.tensor([0, 3, 4])

    def loss() -> torch.Tensor:
        torch.manual_seed(3)  # the same noise, so that the same channels are selected
        return nn.functional.cross_entropy(model(x), labels)

    before = loss()
    torch.autograd.backward(before)
    for name in where(model):
        for part, one in model.get_submodule(name).named_parameters():
            assert one.grad is not None, f"{name}.{part}"
            # BatchNorm takes away what the convolution's bias adds
            assert one.grad.any() or part == "mix.0.bias", f"{name}.{part}"
    grads = [(one, one.grad) for one in model.parameters() if one.grad is not None]
    with torch.no_grad():
        norm = torch.stack([grad.norm() for _, grad in grads]).norm()
        for one, grad in grads:
            one.sub_(grad * (1e-6 / norm))  # short enough that the selection stays
        assert loss() < before


def test_a_star_blocks_input_is_still_added() -> None:
    model = replaced(SUBJECTS[5]).eval()
    block = model.get_submodule("stages.3.1")
    for one in block.get_submodule("dwconv2").parameters():
        nn.init.zeros_(one)
    x = random(2, 128, 3, 2)
    assert torch.equal(block(x), x)


def exports(module: nn.Module, given: tuple[Any, ...]) -> int:
    """How many nodes of the exported program are the operator; its result is the module's."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # PyTorch's own, of its pytree
        exported = torch.export.export(module, given)
        torch.testing.assert_close(exported.module()(*given), module(*given))
    return [str(node.target) for node in exported.graph.nodes].count("opbench.ach_expand.default")


@EACH
def test_a_replaced_block_exports_with_the_operator_as_a_node(subject: Subject) -> None:
    """Of two alike the last, without the seconds of what the library has around it."""
    model = replaced(subject).eval()
    block = model.get_submodule(subject.usual[-1])
    seen: list[tuple[Any, ...]] = []
    block.register_forward_pre_hook(lambda _, given: seen.append(given))
    with torch.no_grad():
        model(subject.input(2))
    block._forward_pre_hooks.clear()
    (given,) = seen
    assert exports(block, given[:1]) == 1


def test_a_whole_model_exports_with_each_operator_as_a_node() -> None:
    subject = SUBJECTS[5]
    assert exports(replaced(subject).eval(), (subject.input(2),)) == len(subject.usual)


@EACH
def test_new_layers_take_the_blocks_dtype_and_mode(subject: Subject) -> None:
    model = replace_with_ach(made(subject).double().eval(), 1, k=3, backend="torch_eager")
    assert {one.dtype for one in model.parameters()} == {torch.float64}
    assert not any(one.training for one in model.modules())
    assert model(subject.input(2).double()).dtype == torch.float64


@EACH
def test_what_is_refused_leaves_the_model_as_it_was(subject: Subject) -> None:
    model = made(subject)
    before = list(model.modules())
    with pytest.raises(UsageError, match=rf"block {subject.usual[0]} of this {subject.family}: cannot select k = 4099"):
        replace_with_ach(model, k=4099)
    with pytest.raises(UsageError, match="no norm 'softsign' of ACH"):
        replace_with_ach(model, norm="softsign")
    count = subject.blocks
    for last in (0, count + 1, True, 2.0):
        with pytest.raises(UsageError, match=rf"last is {last}, and .* has {count} blocks .*; expected 1 to {count}"):
            replace_with_ach(model, last)  # type: ignore[arg-type]  # of several types
    assert list(model.modules()) == before


@EACH
def test_a_second_time_is_refused_or_takes_other_blocks(subject: Subject) -> None:
    model = replaced(subject, 1, k=3)
    if subject.family == "StarNet":  # its replaced block is no longer timm's
        assert len(where(replace_with_ach(model, 1, k=3, backend="torch_eager"))) == 2
    else:
        with pytest.raises(UsageError, match=rf"block \S+ of this {subject.family} has an ACH already"):
            replace_with_ach(model, 1, k=3)


@pytest.mark.parametrize(("family", "squeezes"), [("MobileNetV4", 2), ("ShuffleNetV2", 2), ("MobileNetV3", 0)])
def test_the_papers_form_adds_a_squeeze_to_each_block_and_the_plain_one_does_not(family: str, squeezes: int) -> None:
    (subject,) = [one for one in SUBJECTS if one.family == family]

    def count(model: nn.Module) -> int:
        return sum("SqueezeExcit" in type(one).__name__ for one in model.modules())

    before, paper = count(made(subject)), count(replaced(subject))
    plain = count(replace_with_ach(made(subject), form="plain", backend="torch_eager"))
    assert (paper - before, plain - before) == (squeezes, 0)


def test_a_form_that_is_not_there_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"no form 'papers' of replaced blocks \(did you mean 'paper'\?\); there are: "
    ):
        replace_with_ach(made(SUBJECTS[1]), form="papers")


def test_a_model_of_no_known_family_names_those_that_are() -> None:
    model = nn.Sequential(nn.Conv2d(3, 5, 1), nn.ReLU())
    with pytest.raises(
        UsageError, match=r"no known blocks in this torch\.nn.*Sequential.*BERT, MobileNetV3, MobileNetV4,"
    ):
        replace_with_ach(model)


def test_a_model_of_two_families_is_not_guessed_at() -> None:
    both = nn.ModuleList([made(SUBJECTS[1]), made(SUBJECTS[4])])
    with pytest.raises(UsageError, match=r"blocks of MobileNetV3 .* and ShuffleNetV2"):
        replace_with_ach(both)


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"is_decoder": True}, "a decoder must not see later tokens"), ({"chunk_size_feed_forward": 4}, "chunks of 4")],
)
def test_a_bert_whose_tokens_come_apart_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        replace_with_ach(Scores(**changes))
