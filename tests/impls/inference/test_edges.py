"""What must hold beside the values: threads, scratch, infinities, ties, and refusals."""

from __future__ import annotations

import ctypes
import gc
from itertools import combinations
from typing import Any

import pytest
import torch

from impls.cross_hadamard.cpp_kernels import select_expand
from impls.inference import handle, layers
from impls.inference.library import loaded
from opbench.errors import UsageError

from .drawn import Ach, Ghost, agrees, drawn

pytestmark = pytest.mark.compiler

CASES: list[Ach | Ghost] = [
    Ach(channels=37, k=33, outputs=70, kernel=(5, 5)),
    Ach(channels=32, k=16, kernel=(7, 7)),
    Ghost(channels=65, expanded=259, outputs=67),
    Ghost(channels=32, expanded=128, kernel=(2, 2), stride=2),
]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("edge", [7, 14, 29])
def test_threads_change_no_bit(vectors: str, case: Ach | Ghost, edge: int) -> None:
    layer, x = case.layer(), drawn(2, edge, edge, case.channels)
    alone = layer(x, threads=1)
    for threads in (2, 3, 5):
        assert layer(x, threads=threads).equal(alone)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_scratch_and_output_are_never_overrun_and_scratch_may_hold_anything(
    vectors: str, case: Ach | Ghost, threads: int
) -> None:
    guard = 4096
    for edge in (7, 14, 9):
        layer, x = case.layer(), drawn(1, edge, edge, case.channels)
        sizes, shape, count = layer._planned(tuple(x.shape), threads)
        scratch = torch.full((guard + count + guard,), 255, dtype=torch.uint8)  # read as floats, these are NaN
        start = -(-(scratch.data_ptr() + guard // 2) // handle.LINE) * handle.LINE
        first = start - scratch.data_ptr()
        out = torch.full((guard + layer(x).numel() + guard,), 7.0)
        told = loaded().bottlenecks_run(
            layer.handle, sizes, x.data_ptr(), out[guard:].data_ptr(), start, ctypes.c_int(threads)
        )
        assert told is None
        assert (scratch[:first] == 255).all()
        assert (scratch[first + count :] == 255).all()
        assert (out[:guard] == 7).all()
        assert (out[-guard:] == 7).all()
        assert out[guard:-guard].view(shape).equal(layer(x, threads=threads))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("case", [Ach(channels=17, k=6, kernel=(5, 5), mix="bias"), Ghost(channels=5, expanded=37)])
def test_what_is_not_finite_goes_where_the_definition_has_it_go(vectors: str, case: Ach | Ghost, value: float) -> None:
    x = drawn(1, 9, 8, case.channels)
    x[0, 4, 3, 2] = value
    found = case.layer()(x, threads=2)
    chosen = (case.layer().selected(x),) if isinstance(case, Ach) else ()
    expected = case.reference(x, *chosen)
    assert agrees(found, expected)
    untouched = expected.isfinite().all(-1)
    assert untouched.any()
    assert agrees(found[untouched], expected[untouched])


def test_channels_are_ranked_as_by_ach_select_expand(vectors: str) -> None:
    """Of equal scores too, as all of the second sample's are."""
    case = Ach(channels=48, k=20)
    spread = case.spread.weights()
    taps, none, one = torch.ones(1), torch.zeros(case.pairs), torch.ones(case.pairs)
    layer = layers.ach_bottleneck(None, torch.zeros(48), taps, 20, "identity", 1.0, one, none, *spread)
    x = (drawn(3, 5, 6, 48) * 64).round() / 64
    x[1] = x[1, :, :, :1]
    x[2, :, :, 3] = float("nan")
    index, rows = layer.selected(x), x.permute(0, 3, 1, 2).contiguous()
    whole = select_expand(rows, taps, 20, torch.ones(1), one, none, "identity")
    for sample, places, expanded in zip(rows, index, whole, strict=True):
        products = torch.stack([sample[i] * sample[j] for i, j in combinations(places, 2)])
        torch.testing.assert_close(products, expanded[48:], rtol=0, atol=0, equal_nan=True)


def test_a_runtime_may_run_the_parts_one_after_the_other_or_late() -> None:
    """Of a pool that gives one thread, that one does all; it must not wait for others."""
    body_type = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int)
    run_type = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, body_type, ctypes.c_void_p)

    def backwards(_: Any, parts: int, body: Any, data: Any) -> None:
        for part in reversed(range(parts)):
            body(data, part)

    layer, x = CASES[0].layer(), drawn(1, 7, 7, 37)
    expected = layer(x, threads=1)
    out = torch.empty_like(expected)
    sizes, _, count = layer._planned(tuple(x.shape), 3)
    scratch = handle._scratch(count)
    run = loaded().bottlenecks_run_by
    run.restype = ctypes.c_char_p
    told = run(
        layer.handle,
        sizes,
        *map(ctypes.c_void_p, (x.data_ptr(), out.data_ptr(), scratch)),
        3,
        run_type(backwards),
        None,
    )
    assert told is None
    assert out.equal(expected)


def test_layers_are_dropped_in_any_order() -> None:
    """Their weights lie side by side in memory that goes with the last of them."""
    x = drawn(1, 3, 3, 13)
    kept = [Ghost(expanded=23 + 64 * at).layer() for at in range(40)]
    expected = [layer(x) for layer in kept]
    for at in (39, 0, 17, *range(5, 16)):
        kept[at] = Ghost(expanded=23 + 64 * at).layer()
    del kept[20:30], expected[20:30]
    gc.collect()
    again = [Ghost(outputs=65).layer() for _ in range(10)]
    assert all(layer(x).equal(again[0](x)) for layer in again)
    assert all(layer(x).equal(y) for layer, y in zip(kept, expected, strict=True))


def test_out_is_written_and_returned() -> None:
    layer, x = Ghost().layer(), drawn(1, 5, 5, 13)
    out = torch.empty(1, 5, 5, 21)
    assert layer(x, out=out) is out
    assert out.equal(layer(x))


def refused(match: str) -> Any:
    return pytest.raises(UsageError, match=match)


def test_what_is_no_input_is_refused_in_one_line() -> None:
    layer, x = Ach().layer(), drawn(1, 5, 5, 19)
    with refused(r"x of ach_bottleneck is \(float64"):
        layer(x.double())
    with refused("strides"):
        layer(x.transpose(1, 2)[:, :, :4])
    with refused("x has 18 channels; expected 19"):
        layer(drawn(1, 5, 5, 18))
    with refused("has shape"):
        layer(x[0])
    with refused("threads is 0"):
        layer(x, threads=0)
    with refused("out of ach_bottleneck"):
        layer(x, out=torch.empty(1, 5, 5, 20))
    with refused("chooses no channels"):
        Ghost().layer().selected(drawn(1, 5, 5, 13))
    with refused("a map of 1x4 has no place for a window of 2x2 at stride 2"):
        Ghost(kernel=(2, 2), stride=2).layer()(drawn(1, 1, 4, 13))
    with refused("layer 1: ghost_bottleneck: x has 21 channels; expected 13"):
        layers.network([layer, Ghost().layer()])(x)


def test_what_a_runtime_should_have_asked_before_is_refused_by_the_run_too() -> None:
    sizes, room = (ctypes.c_int64 * 4)(1, 5, 5, 18), ctypes.create_string_buffer(64)
    for layer in (Ach().layer(), layers.network([Ghost().layer()])):
        told = loaded().bottlenecks_run(layer.handle, sizes, room, room, room, 2)
        assert b"x has 18 channels; expected" in told


def test_what_makes_no_layer_is_refused_in_one_line() -> None:
    with refused("no norm 'bn'"):
        Ach(norm="bn").layer()
    with refused("k is 20"):
        Ach(k=20).layer()
    with refused("taps have shape"):
        Ach(taps=4).layer()
    with refused("a residual"):
        Ach(residual=True, stride=2).layer()
    with refused("stride is 0"):
        Ghost(stride=0).layer()
    with refused(r"weight has shape \(3, 3\)"):
        layers.convolution(drawn(3, 3), drawn(3))
    with refused(r"bias has shape \(4,\); expected \(3,\)"):
        layers.convolution(drawn(3, 3, 1, 1), drawn(4))
    with refused("a network without layers"):
        layers.network([])
    image = layers.convolution(drawn(3, 3, 1, 1), drawn(3), image_nchw=True)
    with refused("takes an image"):
        layers.network([image, image])
