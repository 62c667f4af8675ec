"""The spaces by name, whichever way they are made."""

from __future__ import annotations

import dataclasses

from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, NetworkConfig
from impls.hadaptive.search.space import Candidate, Place, Space
from impls.hadaptive.search.spaces.around import ALTERNATIVES, around, ghost_ratio, nearest_k
from impls.hadaptive.search.spaces.reducing import divided
from impls.hadaptive.search.spaces.tables import TABLES, Offer, Row, TableSpace
from impls.hadaptive.variants import S
from opbench.errors import UsageError, unknown


def space_names() -> tuple[str, ...]:
    return (*ALTERNATIVES, *TABLES)


def about(name: str) -> str:
    """What there is to choose, in a few words. Raises UsageError for an unknown space."""
    check_space(name)
    return TABLES[name].about if name in TABLES else ALTERNATIVES[name].about


def usual_network(name: str) -> NetworkConfig:
    """What the space called `name` is made around where nothing else is asked for. UsageError for an unknown one."""
    check_space(name)
    return TABLES[name].network if name in TABLES else S


def usual_annealing(name: str) -> str:
    """The schedule of the temperature, likewise: linear where the paper does not say."""
    check_space(name)
    return TABLES[name].annealing if name in TABLES else "linear"


def search_space(name: str, network: NetworkConfig, divisor: int = 1) -> Space:
    """The space called `name` around `network`, whose channels have been divided by `divisor`; k is too.

    Raises UsageError for an unknown name, for a k that does not divide into one of at least 2, and for a network that
    does not have the layers of the table that the space is of.
    """
    check_space(name)
    if name in TABLES:
        return _of_table(name, TABLES[name], network, divisor)
    offered = ALTERNATIVES[name]
    selected = tuple(divided("k", k, divisor) for k in offered.selected)
    return around(network, dataclasses.replace(offered, selected=selected))


def check_space(name: str) -> None:
    """Raises UsageError unless there is a space called `name`."""
    if name not in space_names():
        raise unknown("search space", str(name), space_names())


def _of_table(name: str, table: TableSpace, network: NetworkConfig, divisor: int) -> Space:
    kinds = [isinstance(layer, Convolution) for layer in network.layers]
    if kinds != [isinstance(layer, Convolution) for layer in table.network.layers]:
        raise UsageError(
            f"the space {name!r} has the {len(table.rows)} layers of its own table, and this network has "
            f"{len(network.layers)} or other kinds; search it without a network, or search {' or '.join(ALTERNATIVES)}"
        )
    places = [
        Place((network.layers[at],) if not row else _candidates(network, at, row, divisor))
        for at, row in enumerate(table.rows)
    ]
    return Space(tuple(places), network.width, network.hidden, network.dropout)


def _candidates(network: NetworkConfig, at: int, row: Row, divisor: int) -> tuple[Candidate, ...]:
    return tuple(None if offer is None else _candidate(network, at, offer, divisor) for offer in row)


def _candidate(network: NetworkConfig, at: int, offer: Offer, divisor: int) -> Candidate:
    layer = network.layers[at]
    assert not isinstance(layer, Convolution)
    kernel = layer.kernel if offer.kernel is None else offer.kernel
    if offer.expand == "ghost":
        ratio = ghost_ratio(layer) if offer.ratio is None else offer.ratio
        return GhostBottleneck(layer.channels, ratio, kernel, layer.stride)
    k = nearest_k(network.layers, at) if offer.k is None else divided("k", offer.k, divisor)
    return HadaBottleneck(layer.channels, k, kernel, layer.stride, offer.norm)
