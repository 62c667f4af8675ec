"""Libraries whose launches go to the machine, whichever is first: their import or the device."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from opbench import ptx
from opbench.errors import UsageError
from opbench.ptx.compilers import numba_launcher
from opbench.ptx.compilers.on_import import once_imported
from opbench.ptx.launching import simulated_device


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "imported_once.py").write_text("value = 7\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "imported_once", raising=False)
    return "imported_once"


def test_a_module_is_acted_on_once_whether_it_is_imported_before_or_inside(module: str) -> None:
    seen: list[int] = []
    finders = [*sys.meta_path]

    def act(imported: ModuleType) -> None:
        seen.append(imported.value)

    with once_imported(module, act):
        assert seen == []
        import_module(module)
        assert seen == [7]
    with once_imported(module, act):
        assert seen == [7, 7]
    assert sys.meta_path == finders


def test_a_module_that_is_not_imported_leaves_nothing_behind(module: str) -> None:
    finders = [*sys.meta_path]
    with once_imported(module, lambda _: pytest.fail("was not imported")):
        pass
    assert sys.meta_path == finders
    import_module(module)


def test_a_kernel_that_numba_simulates_is_refused() -> None:
    class Kernel:
        def fn(self) -> None: ...

    with pytest.raises(UsageError, match=r"Numba simulates fn: NUMBA_ENABLE_CUDASIM was set"):
        numba_launcher._refuse(Kernel())


def test_a_device_without_triton_on_which_nothing_ran_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated_device, "find_spec", lambda _: None)
    with pytest.warns(UserWarning, match="nothing was launched .* Triton is not installed"), ptx.device():
        pass
