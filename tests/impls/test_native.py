"""Building on first use: found again, refused with the compiler's words, never half there."""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from impls import native, vector_variants
from opbench.cache import cache_folder
from opbench.errors import MachineError


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source file that is cheap to hash; nothing is compiled unless a test lets it."""
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "one.cpp"
    file.write_text("int one() { return 1; }\n")
    return file


def fake_compiler(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    built: list[str] = []

    def compiles(name: str, *given: Any) -> None:
        built.append(name)
        (given[-1] / f"{name}.so").write_bytes(b"library")

    monkeypatch.setattr(native, "_compile", compiles)
    monkeypatch.setattr(native, "why_not", lambda: None)
    return built


def test_the_same_sources_are_built_once(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = fake_compiler(monkeypatch)
    assert native.build("one", [source]) == native.build("one", [source])
    assert built == ["one"]


def test_who_wants_a_library_that_is_being_built_waits_for_it(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built, asked = fake_compiler(monkeypatch), threading.Event()
    compiles, key = native._compile, native._key
    actual: list[Path] = []
    other = threading.Thread(target=lambda: actual.append(native.build("one", [source])))

    def announced(*given: Any, **named: Any) -> str:
        if threading.current_thread() is other:
            asked.set()
        return key(*given, **named)

    def asked_for_meanwhile(*given: Any) -> None:
        if threading.current_thread() is not other:
            other.start()
            asked.wait()
        compiles(*given)

    monkeypatch.setattr(native, "_key", announced)
    monkeypatch.setattr(native, "_compile", asked_for_meanwhile)
    library = native.build("one", [source])
    other.join()
    assert actual == [library]
    assert built == ["one"]
    assert {file.name for file in cache_folder().iterdir()} == {library.name, f"{library.name}.sha256"}


def test_a_library_cut_in_half_is_built_again(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = fake_compiler(monkeypatch)
    library = native.build("one", [source])
    os.truncate(library, 3)
    assert native.building("one", [source]).ahead
    with pytest.warns(RuntimeWarning, match="was damaged and is built anew"):
        assert native.build("one", [source]) == library
    assert library.read_bytes() == b"library"
    assert built == ["one", "one"]
    assert not native.building("one", [source]).ahead


def test_changed_sources_are_another_library(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_compiler(monkeypatch)
    before = native.build("one", [source])
    source.write_text("int one() { return 2; }\n")
    assert native.build("one", [source]) != before


def test_a_build_that_ends_early_leaves_nothing_behind(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(native, "_compile", killed)
    with pytest.raises(KeyboardInterrupt):
        native.build("one", [source])
    assert list(cache_folder().iterdir()) == []


def test_building_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    before = dict(os.environ)
    with native._environment_for_building():
        assert "CXX" in os.environ
    assert dict(os.environ) == before


def test_without_a_compiler_the_message_says_what_to_install(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(
        MachineError, match=r"cannot build one: no C\+\+ compiler \(no-such-compiler\).*apt-get install"
    ):
        native.build("one", [source])


@pytest.mark.compiler
def test_files_that_include_pytorch_and_files_that_do_not_become_one_library(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.write_text("#include <c10/core/ScalarType.h>\nint one() { return sizeof(c10::ScalarType); }\n")
    (other := tmp_path / "other.cpp").write_text(
        'int one(); int two();\nextern "C" int sum() { return one() + two(); }\n'
    )
    (kernels := tmp_path / "kernels.cpp").write_text("int two();\nint two() { return 2; }\n")
    monkeypatch.setattr(vector_variants, "wanted", lambda *_, **__: (vector_variants.Variant("any", ()),))
    library = ctypes.CDLL(str(native.build("one", [source, other], [kernels], headers=True)))
    assert library.sum() == 3


@pytest.mark.compiler
def test_a_source_that_does_not_compile_is_refused_with_the_compilers_words(source: Path) -> None:
    source.write_text("int one() { return two; }\n")
    with pytest.raises(MachineError, match=r"broken.cpp does not compile with .*error: .*two"):
        native.build("broken", [source])


def test_cuda_sources_are_refused_where_pytorch_has_no_cuda(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.version.cuda", None)
    kernel = source.with_suffix(".cu")
    kernel.write_text("")
    with pytest.raises(MachineError, match=r"cannot build one: PyTorch .* is built without CUDA; install one"):
        native.build("one", [source, kernel])


def test_without_nvcc_the_message_says_where_it_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.version.cuda", "13.0")
    monkeypatch.setattr(native, "nvcc", lambda: None)
    assert "no nvcc: neither CUDA_HOME nor the PATH has one" in str(native._why_no_cuda())


def test_another_nvcc_or_architecture_is_another_library(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_compiler(monkeypatch)
    monkeypatch.setattr(native, "why_not", lambda *, cuda=False: None)
    monkeypatch.setattr(native, "nvcc", lambda: None)
    kernel = source.with_suffix(".cu")
    kernel.write_text("")
    actual = set()
    for version, architecture in (("13.0", "90"), ("12.8", "90"), ("13.0", "100")):
        monkeypatch.setattr(native, "_nvcc_version", lambda version=version: version)
        monkeypatch.setattr(native, "cuda_flags", lambda architecture=architecture: [f"-arch=sm_{architecture}"])
        actual.add(native.build("one", [kernel]))
    assert len(actual) == 3
