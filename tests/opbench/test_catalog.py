"""Found by listing folders; a name that does not exist is answered with those that do."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import impls
from impls import cross_hadamard
from impls.cross_hadamard import kernels
from opbench import Backend, assignments, catalog
from opbench.assignments import look_of, modules_assigning
from opbench.errors import UsageError
from opbench.looks import looks
from opbench.planning.plan import by_name_only


def test_every_operator_sweep_and_report_that_is_listed_loads() -> None:
    assert {"cross_hadamard", "fill", "pointwise", "ghost", "ach"} <= catalog.operators().keys()
    for name in catalog.operators():
        assert catalog.operator(name).name == name
        assert catalog.backend_names(name)
        for backend in catalog.backend_names(name):
            catalog.backend(name, backend)
    for name in catalog.sweeps():
        assert catalog.sweep(name).grids
    for name in catalog.reports():
        assert catalog.report(name).about


@pytest.mark.parametrize("source", [b"BACKEND = (", b"\xff BACKEND", b"\x00BACKEND", b"BACKEND = " + b"(" * 9999])
def test_a_module_that_is_no_source_is_refused_by_its_file(source: bytes, tmp_path: Path) -> None:
    (tmp_path / "eager.py").write_bytes(source)
    with pytest.raises(UsageError, match=r"eager\.py is no Python source \([^\n]*\); mend or remove it$"):
        look_of(tmp_path / "eager.py")


def test_backends_are_the_files_that_assign_one() -> None:
    files = Path(cross_hadamard.__path__[0], "backends").glob("*.py")
    assert catalog.backend_names("cross_hadamard") == sorted(
        one.stem for one in files if "\nBACKEND = " in one.read_text()
    )


def test_an_operator_may_take_the_backends_of_another_package() -> None:
    assert catalog.backend_names("ach_expand") == catalog.backend_names("cross_hadamard")
    assert isinstance(catalog.backend("ach_expand", "cpp_ext:flat"), Backend)


def test_the_public_function_knows_the_backends_the_folder_holds() -> None:
    """But for those that try or join others, and are measured where they are named."""
    named = by_name_only("cross_hadamard")
    assert list(kernels.backends()) == [name for name in catalog.backend_names("cross_hadamard") if name not in named]
    assert named == ("tuned",)


def test_a_name_that_says_its_look_in_several_files_says_the_same(tmp_path: Path) -> None:
    said = [(file.stem, look) for file in Path(impls.__path__[0]).rglob("*.py") if (look := look_of(file)) is not None]
    assert len(set(said)) == len(looks()) < len(said)


def test_a_look_that_is_not_written_out_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rows.py"
    file.write_text("BACKEND = Backend(about='rows', look=LOOK)")
    with pytest.raises(UsageError, match=r"rows.py: the look is LOOK; expected a colour and a marker written out"):
        look_of(file)


def test_a_backend_of_no_known_kind_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no kind 'kernel' of backend 'rows'.*did you mean 'kernels'"):
        Backend("rows", lambda *_: lambda: torch.ones(1), kind="kernel")


@pytest.mark.parametrize(
    ("find", "says"),
    [
        (lambda: catalog.operator("cross_hadamar"), r"no operator 'cross_hadamar' \(did you mean 'cross_hadamard'\?\)"),
        (
            lambda: catalog.backend("cross_hadamard", "cuda"),
            r"there are: cpp_ext, cupy_raw, numba_cuda, torch_compile, torch_eager, torch_select, triton_jit, tuned",
        ),
        (lambda: catalog.backend("cross_hadamard", "cpp_ext:diagonal"), r"no schedule 'diagonal'"),
        (lambda: catalog.sweep("chanels"), r"did you mean 'channels'"),
        (lambda: catalog.report("x"), r"no report 'x'"),
    ],
)
def test_an_unknown_name_lists_those_that_exist(find: object, says: str) -> None:
    assert callable(find)
    with pytest.raises(UsageError, match=says):
        find()


@pytest.mark.parametrize("folders", [("left", "right"), ("", "left"), ("left", "left/lower")])
def test_two_modules_of_one_name_in_folders_below_a_package_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: tuple[str, str]
) -> None:
    for folder in folders:
        (tmp_path / "shelf" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "shelf" / folder / "bars.py").write_text("REPORT = 1\n")
    monkeypatch.setattr(assignments, "package_folder", lambda _: tmp_path / "shelf")
    with pytest.raises(UsageError, match=r"bars\.py and .*bars\.py assign REPORT under one name, 'bars'; rename one"):
        modules_assigning("shelf", "REPORT", below=True)


def test_modules_below_a_package_come_in_the_order_of_their_names_whatever_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b/zebra", "b/deep/apple", "a/mango", "fig"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.py").write_text("REPORT = 1\n")
    (tmp_path / "a" / "banana.py").write_text("OTHER = 1\n")
    monkeypatch.setattr(assignments, "package_folder", lambda _: tmp_path)
    below = modules_assigning("shelf", "REPORT", below=True)
    assert list(below.items()) == [
        ("apple", "shelf.b.deep.apple"), ("fig", "shelf.fig"), ("mango", "shelf.a.mango"), ("zebra", "shelf.b.zebra"),
    ]  # fmt: skip
    assert modules_assigning("shelf", "REPORT") == {"fig": "shelf.fig"}
