"""Conversions between all types."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ..kernels import computed


@pytest.mark.parametrize(
    ("mode", "rule"), [("rni", round), ("rzi", math.trunc), ("rmi", math.floor), ("rpi", math.ceil)]
)
def test_floats_become_integers_in_the_direction_named(mode: str, rule: object) -> None:
    values = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 7.75]
    assert callable(rule)
    found = computed(f"cvt.{mode}.s32.f32 {{d}}, {{0}};", "s32", ("f32", values))
    assert found.tolist() == [rule(each) for each in values]
    whole = computed(f"cvt.{mode}.f32.f32 {{d}}, {{0}};", "f32", ("f32", values))
    assert whole.tolist() == [float(rule(each)) for each in values]


@pytest.mark.parametrize("kind", ["s32", "u32", "s64", "u64", "s16", "u16"])
def test_what_an_integer_cannot_hold_becomes_its_nearest_and_nan_0(kind: str) -> None:
    limits = np.iinfo({"s": "int", "u": "uint"}[kind[0]] + kind[1:])
    found = computed(f"cvt.rzi.{kind}.f64 {{d}}, {{0}};", kind, ("f64", [1e30, -1e30, math.inf, -math.inf, math.nan]))
    assert found.tolist() == [limits.max, limits.min, limits.max, limits.min, 0]


@pytest.mark.parametrize("mode", ["rn", "rz", "rm", "rp"])
def test_large_integers_become_float32_with_one_rounding(mode: str) -> None:
    values = [2**63 - 1, 2**62 + 2**38 + 1, -(2**62) - 2**38, -(2**55) - 1, 16777217, 7]
    found = computed(f"cvt.{mode}.f32.s64 {{d}}, {{0}};", "f32", ("s64", values))
    for integer, single in zip(values, found, strict=True):
        neighbours = [float(np.nextafter(single, np.float32(at))) for at in (-math.inf, math.inf)]
        if mode == "rn":
            assert abs(integer - int(single)) <= min(abs(integer - int(each)) for each in neighbours)
        elif mode == "rm" or (mode == "rz" and integer > 0):
            assert float(single) <= integer < neighbours[1]
        else:
            assert neighbours[0] < integer <= float(single)


def test_integers_are_cut_extended_or_clipped() -> None:
    values = [-(2**31), -129, -1, 0, 127, 128, 300, 2**31 - 1]
    assert computed("cvt.s64.s32 {d}, {0};", "s64", ("s32", values)).tolist() == values
    assert computed("cvt.u64.u32 {d}, {0};", "u64", ("s32", values)).tolist() == [each % 2**32 for each in values]
    assert computed("cvt.u16.u32 {d}, {0};", "u16", ("s32", values)).tolist() == [each % 2**16 for each in values]
    clipped = computed("cvt.sat.s8.s32 {d}, {0};", "s16", ("s32", values))
    assert clipped.tolist() == [max(-128, min(127, each)) for each in values]
    assert computed("cvt.sat.u32.s64 {d}, {0};", "u32", ("s64", [-1, 2**40, 5])).tolist() == [0, 2**32 - 1, 5]


@pytest.mark.parametrize("kind", ["bf16", "f16"])
def test_16_bit_floats_are_pytorchs(kind: str) -> None:
    dtype = torch.bfloat16 if kind == "bf16" else torch.float16
    values = torch.randn(101, generator=torch.Generator().manual_seed(1)) * 2.0 ** torch.arange(-50, 51)
    narrow = computed(f"cvt.rn.{kind}.f32 {{d}}, {{0}};", "b16", ("f32", values.numpy()))
    assert torch.equal(torch.from_numpy(narrow.view(np.int16)).view(dtype), values.to(dtype))
    back = computed(f"cvt.f32.{kind} {{d}}, {{0}};", "f32", ("b16", narrow))
    assert torch.equal(torch.from_numpy(back), values.to(dtype).float())
    pair = computed(f"cvt.rn.{kind}x2.f32 {{d}}, {{0}}, {{1}};", "b32", ("f32", values.numpy()), ("f32", [1.0]))
    assert (pair >> 16).tolist() == narrow.tolist()


def test_doubles_become_bfloat16_with_one_rounding() -> None:
    tie = 1 + 2.0**-8  # between two of them, and just above: by way of float32 that would be the tie
    found = computed("cvt.rn.bf16.f64 {d}, {0};", "b16", ("f64", [tie, tie + 2.0**-40, tie - 2.0**-40, -tie]))
    assert found.tolist() == [0x3F80, 0x3F81, 0x3F80, 0xBF80]


def test_saturation_and_flushing_apply_to_what_is_converted() -> None:
    found = computed("cvt.sat.f32.f32 {d}, {0};", "f32", ("f32", [-1.0, 0.5, 2.0, math.nan]))
    assert found.tolist() == [0.0, 0.5, 1.0, 0.0]
    flushed = computed("cvt.rn.ftz.f32.f64 {d}, {0};", "f32", ("f64", [2.0**-130, -(2.0**-130), 1.0]))
    assert flushed.tolist() == [0.0, 0.0, 1.0]
