"""What may stand where, in the spaces by name and in any other."""

from __future__ import annotations

from itertools import product

import pytest

from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, Layer
from impls.hadaptive.network import built
from impls.hadaptive.search.space import Place, Space
from impls.hadaptive.search.spaces import ALTERNATIVES, Alternatives, around, reduced, search_space
from impls.hadaptive.variants import VARIANTS, S
from opbench.errors import UsageError

from .toys import GHOST, HADA, SPACE, TINY

SCALES = [("hadaptive_net_s", 1), ("hadaptive_net_s", 2), ("hadaptive_net_m", 1), ("hadaptive_net_l", 3)]
EVERY = [(*scale, name) for scale, name in product(SCALES, ALTERNATIVES)]


def space_of(variant: str, divisor: int, name: str) -> Space:
    return search_space(name, reduced(VARIANTS[variant], divisor), divisor)


def inputs_of(space: Space) -> list[int]:
    return [3, *(place.channels for place in space.places)]


@pytest.mark.parametrize(("variant", "divisor", "name"), EVERY)
def test_a_blank_is_offered_only_where_the_shape_stays(variant: str, divisor: int, name: str) -> None:
    space = space_of(variant, divisor, name)
    inputs, offered = inputs_of(space), ALTERNATIVES[name]
    for at, place in enumerate(space.places):
        stays = place.stride == 1 and place.channels == inputs[at]
        assert (None in place.candidates) == (stays and place.searched and offered.blank), at


@pytest.mark.parametrize(("variant", "divisor", "name"), EVERY)
def test_no_two_candidates_are_the_same_module(variant: str, divisor: int, name: str) -> None:
    space = space_of(variant, divisor, name)
    inputs = inputs_of(space)
    for at, place in enumerate(space.places):
        modules = {str(built(one, inputs[at]).to("meta")) for one in place.layers}
        assert len(modules) == len(place.layers), at


def test_the_full_space_holds_the_network_of_table_9() -> None:
    space = search_space("full", S)
    assert space.config([place.candidates.index(one) for place, one in zip(space.places, S.layers, strict=True)]) == S
    assert [len(place.candidates) for place in space.places] == [1, 1, 1, 3, 10, 3, 10, 10, 10, 10, 10, 3, 10, 10]
    assert space.size == 3**3 * 10**8


def test_the_late_space_searches_the_residual_layers_from_the_first_hada_block_on() -> None:
    space = search_space("late", S)
    assert [at for at, place in enumerate(space.places) if place.searched] == [6, 7, 8, 9, 10, 12, 13]
    for at in (6, 7, 8):  # layer 8 is a Ghost block in Table 9, and is offered the k of the Hada block behind it
        assert list(space.places[at].candidates) == [
            *(GhostBottleneck(96, 2.0, one) for one in (3, 5, 7)),
            *(HadaBottleneck(96, k, one) for k in (16, 32) for one in (3, 5, 7)),
            None,
        ]


def test_reducing_divides_channels_and_k_and_keeps_the_rest() -> None:
    actual = reduced(S, 2)
    assert [one.channels * 2 for one in actual.layers] == [one.channels for one in S.layers]
    assert [one.k for one in actual.layers if isinstance(one, HadaBottleneck)] == [8] * 4 + [16] * 2
    assert (actual.width, actual.hidden, actual.dropout, actual.reduction) == (480, 640, 0.3, 32)
    assert reduced(S) == S


def test_a_fine_stem_keeps_the_edge_and_only_the_stem_changes() -> None:
    actual = reduced(S, fine_stem=True)
    assert actual.reduction == 8
    assert actual.layers[3:] == S.layers[3:]
    assert actual.layers[:3] == (Convolution(32, 3, 1, activation=False), Convolution(48, 3), Convolution(32))


def test_choosing_leaves_blanks_out() -> None:
    assert SPACE.config([0, 2, 1, 2]).layers == (SPACE.places[0].layers[0], SPACE.places[2].layers[1])
    assert SPACE.full.layers == tuple(place.layers[0] for place in SPACE.places)
    assert (SPACE.full.width, SPACE.full.hidden) == (11, 13)


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ([0, 0, 0], "3 choices for 4 layers"),
        ([0, 3, 0, 0], "choice 3 for layer 1; it has candidates 0 to 2"),
        ([0, -1, 0, 0], "choice -1 for layer 1"),
    ],
)
def test_choices_that_are_not_there_are_refused(chosen: list[int], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        SPACE.config(chosen)


@pytest.mark.parametrize(
    ("candidates", "says"),
    [
        ((), "without candidates but blank"),
        ((None,), "without candidates but blank"),
        ((GHOST, GHOST), "listed twice"),
        ((GHOST, HadaBottleneck(8, k=3)), "give 7 channels at stride 1 and 8 channels at stride 1; expected the same"),
        ((GHOST, HadaBottleneck(7, k=3, stride=2)), "7 channels at stride 1 and 7 channels at stride 2"),
    ],
)
def test_a_layer_of_differing_candidates_is_refused(candidates: tuple[Layer | None, ...], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Place(candidates)


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (GhostBottleneck(7, 2.0, stride=2), "layer 1 cannot be blank: it makes 7 channels at stride 2 of 7 channels"),
        (GhostBottleneck(8, 2.0), "layer 1 cannot be blank: it makes 8 channels at stride 1 of 7 channels"),
    ],
)
def test_a_blank_elsewhere_is_refused(layer: Layer, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Space((Place((Convolution(7),)), Place((layer, None))))


def test_the_first_layer_cannot_be_blank() -> None:
    with pytest.raises(UsageError, match=r"layer 0 cannot be blank: .* of the image"):
        Space((Place((HADA, None)),))


def test_a_k_above_the_input_channels_names_both() -> None:
    with pytest.raises(UsageError, match="layer 1 has 7 input channels, and a candidate selects k = 8"):
        Space((Place((Convolution(7),)), Place((GHOST, HadaBottleneck(7, k=8)))))


def test_names_and_divisors_that_are_not_there_are_refused() -> None:
    with pytest.raises(
        UsageError, match=r"no search space 'norm'.*there are: depth, full, kernels, late, norms, published, sizes"
    ):
        search_space("norm", S)
    for divisor in (0, -2, 9):
        with pytest.raises(UsageError, match=f"cannot be divided by {divisor}; expected a whole number from 1 to 8"):
            search_space("full", S, divisor)
    with pytest.raises(UsageError, match="k 4 cannot be divided by 3; expected a whole number from 1 to 2"):
        reduced(TINY, 3)


def test_a_network_without_hada_blocks_needs_to_be_told_a_k() -> None:
    config = reduced(TINY)
    ghosts = type(config)(config.layers[:2])
    with pytest.raises(UsageError, match=r"says no k for them; name some in Alternatives\.selected"):
        around(ghosts, Alternatives("kernels", kernels=(3,)))
    assert around(ghosts, Alternatives("by k", selected=(2,))).size == 2
