"""The loop learns, repeats itself bit for bit, and keeps its hands off everything else."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor

from impls.hadaptive.images.batches import in_order, shuffled
from impls.hadaptive.images.digits import Labelled
from impls.hadaptive.temperature import Temperature
from impls.hadaptive.training.progress import Silent
from impls.hadaptive.training.settings import factor
from opbench.errors import UsageError

from ..training_scenes import FEW, TINY, bars, differing, ran, timeless, training


def test_it_learns_to_tell_bars_it_has_not_seen() -> None:
    one = training(dataclasses.replace(FEW, epochs=12), bars(train=95, test=47))
    untrained = one._test()
    ran(one)
    assert one.history[-1].accuracy == 1
    assert untrained < 0.7
    assert one.history[-1].loss < one.history[0].loss / 2


def test_the_same_seed_gives_the_same_bits_and_another_one_others() -> None:
    one, again, other = ran(training()), ran(training()), ran(training(dataclasses.replace(FEW, seed=1)))
    assert differing(one.state(), again.state()) == []
    assert timeless(one.history) == timeless(again.history)
    assert any("network" in path for path in differing(one.state(), other.state()))


def test_noise_drawn_between_epochs_changes_nothing_nor_is_it_changed() -> None:
    torch.manual_seed(5)
    undisturbed = torch.rand(4)
    torch.manual_seed(5)
    one = training()
    drawn = [torch.rand(1) for _ in one.run(Silent())]
    assert torch.equal(torch.cat(drawn), undisturbed)
    assert differing(one.state(), ran(training()).state()) == []


def test_the_last_step_is_taken_at_the_end_of_the_schedule() -> None:
    one = ran(training())
    steps = FEW.epochs * (29 // FEW.batch)
    assert one.optimizer.param_groups[0]["lr"] == FEW.rate * factor(steps - 1, steps, FEW.warm_up)
    assert one.optimizer.param_groups[0]["weight_decay"] == FEW.decay


def last_norms(precision: str) -> list[float]:
    one = ran(training(dataclasses.replace(FEW, precision=precision)), epochs=1)
    return [module.last_norm.item() for module in one.network.modules() if isinstance(module, Temperature)]


def test_algorithm_1_sees_true_gradients_whatever_mixed_precision_scales_them_by() -> None:
    want = last_norms("float32")
    assert len(want) == 2
    assert min(want) > 0
    # Half precision moves the few steps there are, but nowhere near the scale, 65536.
    assert all(0.02 < one / other < 50 for one, other in zip(last_norms("float16"), want, strict=True))


def test_temperatures_move_and_are_on_record() -> None:
    one = ran(training(dataclasses.replace(FEW, epochs=2)))
    assert all(len(epoch.temperatures) == 2 for epoch in one.history)
    assert all(0.01 <= tau < 4 for tau in one.history[-1].temperatures)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_mixed_precision_learns_too_and_keeps_its_parameters_in_float32(precision: str) -> None:
    one = ran(training(dataclasses.replace(FEW, epochs=10, precision=precision), bars(train=95, test=47)))
    assert one.history[-1].accuracy > 0.9
    assert {parameter.dtype for parameter in one.network.parameters()} == {torch.float32}
    exact = ran(training(dataclasses.replace(FEW, epochs=10), bars(train=95, test=47)), epochs=1)
    assert one.history[0].loss != exact.history[0].loss


def test_a_loss_that_is_not_finite_stops_with_what_to_try() -> None:
    with pytest.raises(UsageError, match=r"the loss became nan in epoch \d at learning rate 1e\+30.*lower --lr"):
        ran(training(dataclasses.replace(FEW, rate=1e30)))


def test_images_smaller_than_the_strides_allow_are_refused_before_training() -> None:
    assert TINY.reduction == 2
    with pytest.raises(
        UsageError, match=r"bars \(3 classes, 1x1x1\) is too small.*by 2; expected images of at least 2x2"
    ):
        training(data=bars(edge=1))


def numbered(count: int) -> Labelled:
    """Images that say their own position."""
    at = torch.arange(count)
    return Labelled(at.float()[:, None, None, None], at)


def order(count: int, batch: int, seed: tuple[int, int], workers: int = 0) -> list[list[int]]:
    found: list[tuple[Tensor, Tensor]] = list(shuffled(numbered(count), batch, seed, workers))
    assert all(torch.equal(images.flatten().long(), labels) for images, labels in found)
    return [labels.tolist() for _, labels in found]


def test_an_epoch_sees_an_image_at_most_once_and_leaves_out_only_what_fills_no_batch() -> None:
    actual = order(23, 7, (0, 0))
    assert [len(batch) for batch in actual] == [7, 7, 7]
    assert len({at for batch in actual for at in batch}) == 21


def test_a_set_smaller_than_a_batch_is_one() -> None:
    assert [sorted(batch) for batch in order(5, 64, (0, 0))] == [[0, 1, 2, 3, 4]]


def test_the_order_depends_on_seed_and_epoch_only() -> None:
    first = order(23, 7, (3, 1))
    torch.rand(11)
    assert order(23, 7, (3, 1)) == first
    assert order(23, 7, (3, 1), workers=1) == first
    others = [order(23, 7, seed) for seed in ((3, 2), (4, 1), (1, 3))]
    assert first not in others
    assert len({str(one) for one in others}) == 3


def test_testing_sees_every_image_once() -> None:
    assert [len(labels) for _, labels in in_order(numbered(11), 2, 0)] == [8, 3]
    assert torch.cat([labels for _, labels in in_order(numbered(11), 2, 0)]).tolist() == list(range(11))


def test_an_accuracy_counts_every_test_image() -> None:
    one = training(data=bars(test=41))
    one.network.eval()
    with torch.no_grad():
        right = [int(one.network(image[None]).argmax()) == label for image, label in one.data.test]  # type: ignore[attr-defined]
    assert one._test() == sum(right) / 41
    assert not math.isclose(sum(right), 0)


@pytest.mark.parametrize(
    ("train", "test", "says"), [(1, 5, "1 training images; expected at least 2"), (8, 0, "no test images")]
)
def test_too_few_images_are_refused(train: int, test: int, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ran(training(data=bars(train=train, test=test)))


def test_the_reported_accuracy_is_that_of_a_fresh_network_with_the_same_weights() -> None:
    """Nothing made for an earlier epoch's evaluation may stay; TINY has a BatchNorm of pairs."""
    one = training()
    for _, _ in zip(range(3), one.run(Silent()), strict=False):
        fresh = training()
        fresh.network.load_state_dict(one.network.state_dict())
        assert one.history[-1].accuracy == fresh._test()
