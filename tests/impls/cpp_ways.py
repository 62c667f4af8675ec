"""Fixtures for libraries of C++ kernels in several variants: each set of vector instructions, each way of storing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import pytest
import torch

from impls import vector_variants
from opbench.caches import CacheUse, known

NAMES = sorted({one.name for flags in ("avx2 fma", "") for one in vector_variants.of_kind(flags, "x86_64")})


class Variants(Protocol):
    """A module with a library that has `usable_vectors` and `use_vectors`."""

    def operators(self) -> Any: ...


class Kernels(Variants, Protocol):
    """And with sizes from which stores are streamed."""

    def use_caches(self, use: CacheUse, /) -> None: ...


def vectors_of(kernels: Variants) -> Any:
    """A fixture: the name of each variant, in use meanwhile. One that cannot run here is skipped, and says so."""

    @pytest.fixture(params=NAMES)
    def vectors(request: pytest.FixtureRequest) -> Iterator[str]:
        name: str = request.param
        usable = kernels.operators().usable_vectors()
        if name not in usable:
            pytest.skip(f"this processor or compiler has no {name}; tested here: {', '.join(usable)}")
        kernels.operators().use_vectors(name)
        yield name
        kernels.operators().use_vectors("")

    return vectors


def stores_of(kernels: Kernels) -> Any:
    """A fixture: all outputs through the caches, or all around them, whatever their size."""

    @pytest.fixture(params=["cached", "streaming"])
    def stores(request: pytest.FixtureRequest) -> Iterator[None]:
        size = 0 if request.param == "streaming" else 1 << 40
        kernels.use_caches(CacheUse(1 << 20, size, size, "assumed"))
        yield
        kernels.use_caches(known(torch.get_num_threads()))

    return stores
