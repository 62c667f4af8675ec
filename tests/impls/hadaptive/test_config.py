"""An architecture as data: through JSON and back, and refused where it cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, NetworkConfig, parse
from impls.hadaptive.variants import VARIANTS, variant
from opbench.errors import UsageError


@pytest.mark.parametrize("name", VARIANTS)
def test_a_configuration_survives_json(name: str) -> None:
    config = variant(name)
    actual = parse(json.loads(json.dumps(config.plain())))
    assert actual == config
    assert hash(actual) == hash(config)


@pytest.mark.parametrize(("name", "least"), [("hadaptive_net_s", 32), ("hadaptive_net_m", 32), ("hadaptive_net_l", 64)])
def test_the_reduction_is_the_product_of_the_strides(name: str, least: int) -> None:
    assert variant(name).reduction == least


@pytest.mark.parametrize(("name", "bn"), [("hadaptive_net_s", 0), ("hadaptive_net_m", 4), ("hadaptive_net_l", 6)])
def test_every_second_hada_block_of_m_and_l_uses_batch_norm(name: str, bn: int) -> None:
    norms = [one.norm for one in variant(name).layers if isinstance(one, HadaBottleneck)]
    assert norms == ["dysoft", "bn"] * bn if bn else norms == ["dysoft"] * 6


def test_an_ablation_changes_the_hada_blocks_alone() -> None:
    config = variant("hadaptive_net_s").with_hada(norm="bn", selection="fixed", pointwise=False)
    changed = [one for one in config.layers if isinstance(one, HadaBottleneck)]
    assert {(one.norm, one.selection, one.pointwise) for one in changed} == {("bn", "fixed", False)}
    assert [one for one in config.layers if not isinstance(one, HadaBottleneck)] == [
        one for one in variant("hadaptive_net_s").layers if not isinstance(one, HadaBottleneck)
    ]


BAD: list[tuple[type, dict[str, Any], str]] = [
    (Convolution, {"channels": 0}, "channels of Convolution is 0; expected a whole number of at least 1"),
    (Convolution, {"channels": 8, "stride": 1.5}, "stride of Convolution is 1.5; expected a whole number"),
    (GhostBottleneck, {"channels": 8, "ratio": 0.5}, "ratio of GhostBottleneck is 0.5; expected a number of at least"),
    (GhostBottleneck, {"channels": 8, "ratio": float("inf")}, "ratio of GhostBottleneck is inf"),
    (HadaBottleneck, {"channels": 8, "k": 1}, "k = 1 selected channels do not make pairs"),
    (HadaBottleneck, {"channels": 8, "k": 2, "norm": "ln"}, "no norm 'ln' of ACH"),
    (HadaBottleneck, {"channels": 8, "k": 2, "selection": "best"}, "no selection 'best' of ACH"),
    (NetworkConfig, {"layers": ()}, "a network without layers"),
    (NetworkConfig, {"layers": (Convolution(3),), "dropout": 1.0}, "dropout is 1.0; expected at least 0 and below 1"),
    (NetworkConfig, {"layers": (Convolution(3),), "width": True}, "width of NetworkConfig is True"),
]


@pytest.mark.parametrize(("kind", "fields", "says"), BAD, ids=[case[2] for case in BAD])
def test_a_layer_that_cannot_be_is_refused(kind: type, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        kind(**fields)


@pytest.mark.parametrize(
    ("plain", "says"),
    [
        (
            {"layers": [{"kind": "gost", "channels": 3}]},
            "no kind 'gost' of layer 0.*there are: convolution, ghost, hada",
        ),
        ({"layers": [{"channels": 3}]}, "no kind 'None' of layer 0"),
        (
            {"layers": [{"kind": "hada", "channels": 3}]},
            "layer 0, a hada, lacks k; its fields are: channels, k, kernel",
        ),
        ({"layers": [{"kind": "convolution", "channels": 3, "size": 1}]}, "layer 0, a convolution, has unknown size"),
        ({"layers": [{"kind": "convolution", "channels": 3}], "depth": 2}, "the network has unknown depth"),
        ({}, "a network without layers"),
        ({"layers": 5}, "layers is 5; expected a list of layers"),
        ({"layers": [5]}, "layer 0 is 5; expected an object with kind and fields"),
        ({"layers": [{"kind": []}]}, r"no kind '\[\]' of layer 0"),
        ({"layers": [{"kind": "convolution", "channels": 3}], "dropout": "x"}, "dropout is 'x'; expected at least 0"),
        ({"layers": [{"kind": "hada", "channels": 3, "k": 2, "norm": ["a"]}]}, r"no norm \"\['a'\]\" of ACH"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(plain: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse(plain)


def test_an_unknown_variant_names_those_that_exist() -> None:
    with pytest.raises(UsageError, match=r"no variant 'hadaptive_net_xl'.*hadaptive_net_l, hadaptive_net_m"):
        variant("hadaptive_net_xl")
