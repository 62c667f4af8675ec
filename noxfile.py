"""Every way to run this project. `nox` alone: lint, types, tests. A sweep: `nox -s sweep_channels`.

Arguments after `--` go to the tool: `nox -s sweep_channels -- --channels 16,32 --backend cpp_ext`.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_venv = "yes"

PYPROJECT = nox.project.load_toml("pyproject.toml")
TORCH = "torch==2.13.0"  # named in the same command as everything that depends on it, so that pip keeps it
SHARED = Path(".nox", "opbench-{}.{}".format(*sys.version_info))


def _python(session: nox.Session, *groups: str) -> str:
    """The interpreter of the environment that all sessions with PyTorch share, so that it is installed once.

    nox gives every session an environment of its own, so these have none and use this one. It holds the project,
    editable, with some of its dependency groups. pip is not asked again for what it has installed until
    `pyproject.toml` or this file's PyTorch changes; removing `.nox` begins anew.
    """
    session.env["PYTHONDONTWRITEBYTECODE"] = None  # a suite starts hundreds of processes, which would all compile
    python = str(SHARED / ("Scripts" if sys.platform == "win32" else "bin") / "python")
    extra = [requirement for group in groups for requirement in nox.project.dependency_groups(PYPROJECT, group)]
    state = hashlib.sha256(Path("pyproject.toml").read_bytes() + TORCH.encode()).hexdigest()
    record = SHARED / "installed.txt"
    installed = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    installed = installed if installed[:1] == [state] else []
    if {state, *extra} <= set(installed):
        return python
    if not Path(python).exists():
        session.run_install(sys.executable, "-m", "venv", str(SHARED), silent=True)
    # Python compiles a module where it is first imported; pip would compile all 18,000, and most are never used.
    quiet = ("--quiet", "--disable-pip-version-check", "--no-compile")
    session.run_install(python, "-m", "pip", "install", *quiet, TORCH, "--editable", ".", *extra)
    record.write_text("\n".join(dict.fromkeys([state, *installed, *extra])), encoding="utf-8")
    return python


@nox.session
def lint(session: nox.Session) -> None:
    """Formatting, lint, who imports whom, and whether the package builds: in a small environment without PyTorch.

    `--no-isolation`: what the package builds with is installed there; an environment each for two builds took 15 s.
    """
    session.install(*nox.project.dependency_groups(PYPROJECT, "lint"))
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("lint-imports", silent=True, env={"PYTHONPATH": "."})
    session.run("python", "-m", "build", "--no-isolation", "--outdir", session.create_tmp(), silent=True)


@nox.session(python=False)
def types(session: nox.Session) -> None:
    """mypy --strict over everything that is ours."""
    session.run(_python(session, "types"), "-m", "mypy", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The site, in site/: the pages of docs/, with a reference from docstrings; a dead link is an error."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "docs"))
    session.run("mkdocs", "build", "--strict", "--site-dir", "site", *session.posargs, env={"NO_MKDOCS_2_WARNING": "1"})


def _pytest(session: nox.Session, *words: str) -> None:
    # A worker that has nothing left takes from the other's end: files differ in length by a factor of a hundred.
    ways = ("--numprocesses=2", "--dist=worksteal", "--benchmark-disable")
    session.run(_python(session, "test"), "-m", "pytest", *ways, *words, *session.posargs)


@nox.session(python=False)
def tests(session: nox.Session) -> None:
    """The test suite; GPU tests are skipped, with the reason, where there is no GPU."""
    _pytest(session)


QUICK = ("tests/opbench", "tests/reports", "tests/sweeps", "tests/impls/cross_hadamard/test_contract.py")
SLOW = ("torch_compile", "triton_jit", "numba_cuda", "cupy_raw", "whole_networks")


@nox.session(python=False)
def quick(session: nox.Session) -> None:
    """Before a commit, under a minute: how to measure, the reports and the contract, without processes; and lint.

    By folder: what the suite itself does, and the one contract that all backends of the product keep. Of these, what
    would start a process (a compiler, a measuring child, git) is skipped with that reason, and left out are the
    backends that compile or simulate and the counts of whole networks. All the rest is `nox -s tests`.
    """
    session.notify("lint")
    _pytest(session, *QUICK, "--quick", "-q", "-rfE", "-k", f"not ({' or '.join(SLOW)})")


@nox.session(python=False)
def stress(session: nox.Session) -> None:
    """Whether a test can fail for lack of time, or by its place: beside busy loops, in random order, by jumping clocks.

    An hour and more on two cores; `-- tests/opbench` for a part of the suite.
    """
    python = _python(session, "test", "stress")
    suite = (python, "-m", "pytest", "--numprocesses=2", "--benchmark-disable", *session.posargs)
    for _ in range(3):
        session.run(python, "-m", "tests.stress.busy", *suite)
    session.run(*suite, "-p", "randomly")
    session.run(*suite, env={"PYTHONPATH": str(Path("tests", "stress", "clocks").absolute())})


@nox.session(python=False)
def coverage(session: nox.Session) -> None:
    """Which branches of `opbench/` the tests take, processes that they start included; `-- tests` for all tests."""
    python = _python(session, "test", "coverage")
    suite = session.posargs or ["tests/opbench"]
    session.run(python, "-m", "coverage", "erase")
    session.run(python, "-m", "coverage", "run", "-m", "pytest", "--benchmark-disable", *suite)
    session.run(python, "-m", "coverage", "combine", "--quiet")
    session.run(python, "-m", "coverage", "report", "--skip-covered", "--sort=miss")


@nox.session(python=False)
def mutants(session: nox.Session) -> None:
    """Whether tests see it when what decides is broken a little; hours, `-- --only gate/rule` for one file."""
    session.run(_python(session, "test", "mutants"), "-m", "tests.mutants", *session.posargs)


@nox.session(python=False)
def mutated(session: nox.Session) -> None:
    """100,000 files that nobody would write, through every reader; `-- --files 1000` for fewer."""
    session.run(_python(session, "test"), "-m", "benchmarks.trust.mutated_files", *session.posargs)


SHIPPED = ("cross_hadamard", "gated_product", "hadamard_transform", "nms", "pi_net", "poly_sa")
"""An operator of each library with PyTorch, whose backend cpp_ext takes it."""


@nox.session(python=False)
def wheels(session: nox.Session) -> None:
    """A wheel with the C++ libraries inside, in dist/, and whether it computes right where there is no compiler.

    For x86-64 with AVX2, this glibc and later, and PyTorch from 2.9 on; two of the libraries for the release that they
    are built with (docs/architecture.md).
    """
    python = _python(session, "lint")
    place = Path(session.create_tmp()).absolute()
    tree = place / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(Path.cwd(), tree, ignore=shutil.ignore_patterns(".*", "build", "dist", "results", "*.egg-info"))
    session.run(python, "-m", "impls.shipping", str(tree / "impls" / "shipped"))
    glibc = platform.libc_ver()[1].replace(".", "_")
    build = ("--wheel", "--no-isolation", f"--config-setting=--build-option=--plat-name=manylinux_{glibc}_x86_64")
    session.run(python, "-m", "build", *build, "--outdir", "dist", str(tree), silent=True)
    (wheel,) = Path("dist").glob(f"opbench-*manylinux_{glibc}_x86_64.whl")
    session.run(sys.executable, "-m", "venv", "--clear", str(place / "clean"), silent=True)
    clean = place / "clean" / "bin" / "python"
    session.run(str(clean), "-m", "pip", "install", "--quiet", TORCH, str(wheel), external=True)
    # Nothing but the environment itself is on the PATH: no compiler, and no library that another has built.
    without = {"PATH": str(clean.parent), "CXX": None, "OPBENCH_CACHE": str(place / "cache")}
    for operator in SHIPPED:
        with session.chdir(place):
            words = ("-m", "opbench", "check", operator, "--backend", "cpp_ext")
            said = str(session.run(str(clean), *words, silent=True, external=True, env=without))
        session.log(f"{operator}: {said.strip().splitlines()[-1]}")
        if not re.search(r"points: cpp_ext \d+ passed$", said.strip()):
            session.error(f"{operator}: cpp_ext was not right with what the wheel has alone")


SANITIZED = (
    "cross_hadamard/test_contract.py", "cross_hadamard/test_cpp_kernels.py", "cross_hadamard/test_cpp_layouts.py",
    "cross_hadamard/test_cpp_variants.py", "cross_hadamard/gpu/test_launch_shim.py",
    "hadamard_transform/test_cpp_vectors.py", "hadamard_transform/test_transform.py",
    "hadamard_transform/test_errors.py", "gated_product/test_gated_product.py", "boxes/test_box_decode.py",
    "boxes/test_box_iou.py", "boxes/test_nms.py", "polynomial/test_cpp.py", "attention/test_operators.py",
    "inference/test_edges.py", "inference/test_layers.py", "bottlenecks/test_backends.py",
    "hadaptive/fused/test_network.py", "machine/test_loops.py", "exported/test_nodes.py",
    "exported/test_node_shapes.py", "exported/test_fused_file.py",
)  # fmt: skip
"""Contracts, fuzz and layouts of every C++ library of ours."""
UNSANITIZED = ("torch_compile", "triton", "cupy", "numba", "openvino", "processes")
"""By what they do: compilers' code is not ours, and what they start has the sanitizers' library before its own."""
SANITIZING = """#!/bin/sh
unset LD_PRELOAD
exec g++ "$@" -O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all
"""
"""A compiler of that name, since PyTorch takes a compiler with options for one name. Without vptr, which wants type
information that PyTorch's libraries do not have."""


@nox.session(python=False)
def sanitize(session: nox.Session) -> None:
    """Every C++ library of ours, built to stop at an access out of bounds or undefined behaviour, at its contract and
    at layouts that nobody chose. Needs g++; building them takes minutes.
    """
    python = _python(session, "test")
    place = Path(".nox", "sanitized").absolute()
    place.mkdir(parents=True, exist_ok=True)
    (place / "g++").write_text(SANITIZING, encoding="ascii")
    (place / "g++").chmod(0o755)
    libraries = [
        str(session.run("g++", f"-print-file-name={name}", silent=True, external=True)).strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    environment = {
        "CXX": str(place / "g++"),
        "OPBENCH_CACHE": str(place),
        "LD_PRELOAD": ":".join(libraries),
        "ASAN_OPTIONS": "detect_leaks=0",  # of the interpreter's own there are thousands
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    chosen = session.posargs or (
        "-k", f"not ({' or '.join(UNSANITIZED)})", *(str(Path("tests", "impls", file)) for file in SANITIZED)
    )  # fmt: skip
    session.run(python, "-m", "pytest", "--benchmark-disable", "-p", "no:xdist", *chosen, env=environment)


def _sweep(session: nox.Session, name: str, *groups: str) -> None:
    """The machine's ceilings first, where they are not known yet: records then say how close to them each case came."""
    session.run(_python(session, *groups), "-m", "opbench", "sweep", name, "--ceilings", *session.posargs)


@nox.session(python=False)
def sweep_channels(session: nox.Session) -> None:
    """The main job: expansions at 16 to 512 channels, the cross-Hadamard product at 4 to 128."""
    _sweep(session, "channels")


@nox.session(python=False)
def sweep_batch(session: nox.Session) -> None:
    """Latency over the batch size."""
    _sweep(session, "batch")


@nox.session(python=False)
def sweep_spatial(session: nox.Session) -> None:
    """Latency over the feature map's edge."""
    _sweep(session, "spatial")


@nox.session(python=False)
def sweep_expansion(session: nox.Session) -> None:
    """Latency over the expansion ratio at 64 channels."""
    _sweep(session, "expansion")


@nox.session(python=False)
def sweep_gating(session: nox.Session) -> None:
    """SwiGLU and its relatives over tokens, at the widths of language models."""
    _sweep(session, "gating")


@nox.session(python=False)
def sweep_attention(session: nox.Session) -> None:
    """Softmax self-attention and Poly-SA over tokens, under four minutes; then `impls.attention.crossing`."""
    _sweep(session, "attention")


@nox.session(python=False)
def sweep_polynomial(session: nox.Session) -> None:
    """Pi-Nets over samples and degrees, at the survey's sizes."""
    _sweep(session, "polynomial")


@nox.session(python=False)
def sweep_transform(session: nox.Session) -> None:
    """Hadamard transforms of 32 to 8,192 elements against a product with their matrix."""
    _sweep(session, "transform")


@nox.session(python=False)
def sweep_boxes(session: nox.Session) -> None:
    """Overlaps, suppression and decoding of 10 to 100,000 boxes, with torchvision's kernel beside ours."""
    _sweep(session, "boxes", "zoo")


@nox.session(python=False)
def sweep_bottlenecks(session: nox.Session) -> None:
    """Every bottleneck of Hadaptive-Net in one call and in parts, both layouts, ONNX Runtime beside them."""
    _sweep(session, "bottlenecks", "zoo")


@nox.session(python=False)
def sweep_grid(session: nox.Session) -> None:
    """Every schedule over batch x edge, channels x edge and batch x channels; `-- --resume` goes on."""
    _sweep(session, "grid")


@nox.session(python=False)
def sweep_network(session: nox.Session) -> None:
    """Hadaptive-Net-S, -M and -L, forward and training step, with every backend of the product inside."""
    _sweep(session, "network")


@nox.session(python=False)
def sweep_models(session: nox.Session) -> None:
    """Hadaptive-Net beside nineteen other models, and detectors, in PyTorch, ONNX Runtime, OpenVINO, and with ours."""
    _sweep(session, "models", "zoo")


@nox.session(python=False)
def sweep_detectors(session: nox.Session) -> None:
    """SSD on five backbones in PyTorch and ONNX Runtime, with and without boxes."""
    _sweep(session, "detectors", "zoo")


@nox.session(python=False)
def ceilings(session: nox.Session) -> None:
    """What this machine can do: bandwidth of every memory level, multiply-adds, the costs of calls; under a minute."""
    session.run(_python(session), "-m", "opbench", "ceilings", *session.posargs)


@nox.session(python=False)
def heatmap(session: nox.Session) -> None:
    """Figure 7: the grid sweep, whose report draws the difference heatmaps and the winner map."""
    _sweep(session, "grid")


@nox.session(python=False)
def gate(session: nox.Session) -> None:
    """Latency of HEAD against its merge base with main; `-- --base REF`, `-- --calibrate` and others."""
    ways = {"--base", "--base-json", "--head-json", "--calibrate"}
    base = () if ways & {word.partition("=")[0] for word in session.posargs} else ("--base", "main")
    session.run(_python(session, "test"), "-m", "opbench", "gate", *base, *session.posargs)


@nox.session(python=False)
def bench_cpu(session: nox.Session) -> None:
    """The C++ kernels against torch.compile, eager and the machine's write bandwidth; about 5 minutes."""
    python = _python(session)
    session.run(python, "-m", "benchmarks.kernels.cpu_kernels", *session.posargs)
    session.run(python, "-m", "benchmarks.kernels.write_bandwidth")
    session.run(python, "-m", "benchmarks.harness.start_up")


@nox.session(python=False)
def gpu(session: nox.Session) -> None:
    """Everything that a GPU has to tell, in nine minutes; `-- --rehearse --minutes 3` without one, `-- --plan`."""
    session.run(_python(session, "test"), "-m", "benchmarks.gpu_day", *session.posargs)
