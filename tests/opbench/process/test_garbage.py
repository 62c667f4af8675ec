"""Where nothing is collected, and that collections come back."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest

from opbench.process.garbage import import_set_apart, uncollected


@pytest.mark.parametrize("before", [True, False])
def test_nothing_is_collected_in_the_block_and_afterwards_it_is_as_before(before: bool) -> None:
    was = gc.isenabled()
    (gc.enable if before else gc.disable)()
    try:
        with uncollected():
            assert not gc.isenabled()
            with uncollected():
                pass
            assert not gc.isenabled()
        assert gc.isenabled() is before
        with pytest.raises(ValueError, match="in the block"), uncollected():
            raise ValueError("in the block")
        assert gc.isenabled() is before
    finally:
        (gc.enable if was else gc.disable)()


def test_what_a_module_set_apart_has_is_in_no_generation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "set_apart_once.py").write_text("KEPT = [[] for _ in range(3)]\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    was = gc.isenabled()
    try:
        import_set_apart("set_apart_once")
        kept = sys.modules["set_apart_once"].KEPT
        assert all(kept is not one for one in gc.get_objects())
        assert gc.isenabled() is was
    finally:
        sys.modules.pop("set_apart_once", None)
