"""Libraries whose launches go to the machine, whichever is first: their import or the device."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from opbench import ptx
from opbench.ptx.compilers.on_import import once_imported
from opbench.ptx.launching import simulated_device
from tests.commands import Interpreter

SIMULATED = """
import numpy as np
from opbench import ptx
from opbench.errors import UsageError
with ptx.device():
    from numba import cuda

    @cuda.jit
    def doubled(x):
        x[cuda.threadIdx.x] *= 2

    try:
        doubled[1, 3](np.ones(3, np.float32))
    except UsageError as error:
        print(error)
"""


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


@pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed")
def test_a_kernel_that_numba_simulates_is_refused(interpreter: Interpreter) -> None:
    ended = interpreter.run(SIMULATED, environment={"NUMBA_ENABLE_CUDASIM": "1"})
    assert ended.code == 0, ended.stderr
    assert ended.stdout.startswith("Numba simulates doubled: NUMBA_ENABLE_CUDASIM was set when numba.cuda was imported")


def test_a_device_without_triton_on_which_nothing_ran_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated_device, "find_spec", lambda _: None)
    with pytest.warns(UserWarning, match="nothing was launched .* Triton is not installed"), ptx.device():
        pass
