"""Every set of vector instructions that the library has, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from impls import vector_variants
from impls.inference import library
from impls.processor import processor

NAMES = [variant.name for variant in vector_variants.of_kind(processor()) if not variant.below]


@pytest.fixture(params=NAMES)
def vectors(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a set, for which layers are made meanwhile. One that cannot run here is skipped, and says so."""
    name: str = request.param
    if name not in library.usable_vectors():
        pytest.skip(f"this processor or compiler has no {name}; tested here: {', '.join(library.usable_vectors())}")
    library.use_vectors(name)
    yield name
    library.use_vectors("")
