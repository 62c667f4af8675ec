"""Libraries that came along in a wheel: taken where they fit, and nowhere else."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest

import impls
from impls import native, plain_build, shipped, shipping, vector_variants
from impls.inference import library as inference
from impls.sealed import seal
from opbench import Backend, catalog
from opbench.errors import MachineError

IMPLS = Path(impls.__file__).parent


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One source, its library in a folder of a wheel's, and no compiler."""
    (file := tmp_path / "one.cpp").write_text("int one() { return 1; }\n")
    came(tmp_path / "shipped", file, shipped.torch_release())
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "shipped")
    monkeypatch.setattr(vector_variants, "one_for_all", lambda _: True)
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", "no-such-compiler")
    shipped.why_none.cache_clear()
    return file


@pytest.fixture(autouse=True)
def _forget() -> object:
    yield
    shipped.why_none.cache_clear()


def came(folder: Path, source: Path, torch: str) -> Path:
    folder.mkdir()
    (library := folder / shipped.file_name("one", [source])).write_bytes(b"library")
    seal(library)
    (folder / shipped.ABOUT).write_text(json.dumps({"torch": torch}))
    return library


def test_what_came_along_needs_no_compiler(source: Path) -> None:
    assert native.why_not() is None
    assert native.build("one", [source]).read_bytes() == b"library"
    assert not native.building("one", [source]).ahead
    assert plain_build.shared_library("one", [source]).read_bytes() == b"library"


def test_other_sources_have_none(source: Path) -> None:
    source.write_text("int one() { return 2; }\n")
    for build in (native.build, plain_build.shared_library):
        with pytest.raises(MachineError, match="cannot build one: no C"):
            build("one", [source])


def test_a_damaged_one_is_not_loaded(source: Path) -> None:
    (shipped.FOLDER / shipped.file_name("one", [source])).write_bytes(b"libr")
    with pytest.raises(MachineError, match="cannot build one: no C"):
        native.build("one", [source])


def test_for_another_processor_there_is_none(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_variants, "one_for_all", lambda _: False)
    assert str(shipped.why_none()).endswith("for x86-64 processors with AVX2")
    assert shipped.found("one", [source]) is None
    assert "no C++ compiler" in str(native.why_not())


def test_for_another_pytorch_there_is_none_of_its_headers_and_all_others(source: Path) -> None:
    (shipped.FOLDER / shipped.ABOUT).write_text(json.dumps({"torch": "1.0.0"}))
    assert f"for PyTorch 1.0.0, and {shipped.torch_release()} is installed" in str(shipped.why_none(headers=True))
    assert shipped.found("one", [source], headers=True) is None
    assert "no C++ compiler" in str(native.why_not(headers=True))
    assert native.why_not() is None
    assert native.build("one", [source]).read_bytes() == b"library"


@pytest.mark.parametrize("about", ["", "[]", "{}", "[" * 100_000])
def test_a_folder_that_says_nothing_of_itself_is_none(source: Path, about: str) -> None:
    (shipped.FOLDER / shipped.ABOUT).write_text(about)
    shipped.why_none.cache_clear()
    assert shipped.why_none() == "none came with this installation"


def test_code_for_a_gpu_is_compiled_all_the_same(source: Path) -> None:
    assert "no C++ compiler" in str(native.why_not(cuda=True))


@pytest.mark.parametrize(("operator", "backend"), [("ach_bottleneck", "cpp_ext"), ("hadaptive_s", "fused")])
def test_a_backend_on_a_library_that_came_along_is_there_without_a_compiler(
    source: Path, operator: str, backend: str
) -> None:
    found = catalog.backend(operator, backend)
    assert isinstance(found, Backend)
    assert found.unavailable("cpu") is None
    (shipped.FOLDER / shipped.ABOUT).unlink()
    shipped.why_none.cache_clear()
    assert "no C++ compiler" in str(found.unavailable("cpu"))


def test_the_library_for_onnx_runtime_finds_the_layers_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags: dict[str, tuple[str, ...]] = {}

    def compiled(_: str, name: str, __: object, given: tuple[str, ...], to: Path) -> None:
        flags[name] = given
        to.write_bytes(b"plain")

    monkeypatch.setattr(shipping, "WITH_PYTORCH", ())
    monkeypatch.setattr(inference, "compile_for_wheel", lambda to: to.write_bytes(b"layers"))
    monkeypatch.setattr(plain_build, "compile_for", compiled)
    shipping.ship(folder := tmp_path / "wheel")
    layers = shipped.file_name(inference.NAME, inference.FILES)
    assert (folder / layers).read_bytes() == b"layers"
    assert {f"-L{folder}", f"-l:{layers}", "-Wl,-rpath,$ORIGIN"} <= {*flags["opbench_ort"]}
    assert not {f"-l:{layers}"} & {*flags["opbench_machine"]}


def test_every_folder_of_sources_is_shipped() -> None:
    """But the CUDA kernels' own host build, which tests alone take, and what only a GPU runs."""
    modules = [import_module(name) for name in shipping.WITH_PYTORCH]
    files = [file for module in modules for file in (*module.SOURCES, *module.IN_VARIANTS)]
    files += [file for _, sources, _, _ in shipping.PLAIN for file in sources]
    files += inference.FILES
    units = {file for file in IMPLS.rglob("csrc/**/*.cpp") if file.parent.name != "host"}
    assert units == {file for file in files if file.suffix == ".cpp"}
