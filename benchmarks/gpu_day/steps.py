"""What a GPU is asked, in order of worth, each step with its share of the time and its commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from impls.cross_hadamard.kernels import SCHEDULES

GPU_BACKENDS = ("cpp_ext", "triton_jit", "numba_cuda", "cupy_raw")


@dataclass(frozen=True)
class Day:
    """out: the folder of the day. rehearsing: the CPU stands in for the GPU, at sizes that take a moment."""

    out: Path
    rehearsing: bool = False

    @property
    def device(self) -> str:
        return "cpu" if self.rehearsing else "cuda"


@dataclass(frozen=True)
class Command:
    """words: of the device. rehearsal: what stands in for them where there is none."""

    name: str
    words: tuple[str, ...]
    rehearsal: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """share: seconds of nine minutes; any other length is shared out alike."""

    name: str
    share: int
    question: str
    commands: Callable[[Path], tuple[Command, ...]]


def python(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *words)


def opbench(name: str, words: str, rehearsal: str = "", resume: Path | None = None) -> Command:
    """A command of ours; without a rehearsal of its own it is read by the command line's own parser, and not run.

    resume: its folder of runs, where there may be one to go on with.
    """
    going_on = ("--resume",) if resume and resume.exists() and any(resume.glob("*/*/records.jsonl")) else ()
    where = ("--results", str(resume)) if resume else ()
    asked = (*words.split(), *where, *going_on)
    instead = python("opbench", *rehearsal.split(), *where, *going_on) if rehearsal else ()
    return Command(name, python("opbench", *asked), instead or python("benchmarks.gpu_day.parsed", *asked))


def tests(name: str, *words: str) -> Command:
    """`-W default`: another PyTorch deprecates other things, which is no matter of the device."""
    run = python("pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", "-W", "default", *words)
    return Command(name, run, (*run, "--collect-only"))


def program(name: str, module: str, *words: str, rehearsal: tuple[str, ...]) -> Command:
    full = f"benchmarks.{module}"
    return Command(name, python(full, *words), python(full, *rehearsal))


def environment(_: Path) -> tuple[Command, ...]:
    clocks = ("tests/opbench/measure/timing/test_on_device.py", "tests/opbench/gate/worker/test_cuda_timer.py")
    return (
        program("machine", "gpu_day.machine", rehearsal=()),
        tests("clocks", *clocks, "tests/impls/test_resident.py"),
    )


def build(_: Path) -> tuple[Command, ...]:
    """What nvcc takes a minute or two for, so that no later step is cut while it compiles, and begins again."""
    library = "from impls.cross_hadamard.gpu import nvcc_kernels as kernels; print(kernels.{}())"
    words = [(sys.executable, "-c", library.format(name)) for name in ("operators", "unavailable")]
    return (Command("extension", words[0], words[1]),)


def check(_: Path) -> tuple[Command, ...]:
    product = "check cross_hadamard --device {} --channels 5,17 --edge 7 --dtype {}"
    expand = "check ach_expand --device {} --channels 17 --selected 5 --edge 7"
    bits = "tests/impls/cross_hadamard/gpu/test_cuda_compiles.py"
    return (
        opbench(
            "product",
            product.format("cuda", "float32,bfloat16"),
            product.format("cpu", "float32") + " --backend torch_eager",
        ),
        opbench("expansion", expand.format("cuda"), expand.format("cpu") + " --backend torch_eager"),
        tests("graphs", "tests/impls/cross_hadamard/test_library_operators.py", bits, "-k", "graph or stream or bits"),
    )


def sanitizer(_: Path) -> tuple[Command, ...]:
    file = "tests/impls/cross_hadamard/gpu/test_cuda_compiles.py"
    return tuple(tests(tool, file, "-k", f"sanitizer and {tool}") for tool in ("memcheck", "racecheck", "initcheck"))


def ceilings(out: Path) -> tuple[Command, ...]:
    file = out / "steps" / "ceilings" / "ceilings.json"
    return (
        opbench("ceilings", f"ceilings --device cuda --again --output {file} --results {file.parent}"),
        Command(
            "copy",
            python("benchmarks.kernels.copy_bandwidth", "cuda"),
            (sys.executable, "-c", "import benchmarks.kernels.copy_bandwidth"),  # on a CPU it takes minutes
        ),
    )


def schedules(out: Path) -> tuple[Command, ...]:
    """Twelve shapes: 2 x 2 of each plane, the third axis at what the sweep holds it."""
    folder = out / "steps" / "schedules"
    ours = ",".join(f"{name}:{schedule}" for name in GPU_BACKENDS for schedule in SCHEDULES)
    shapes = "--channels 16,48 --edge 14,28 --batch 4,16 --budget 0.05"
    small = "sweep grid --device cpu --channels 5 --edge 2,3 --batch 1 --budget 0.001"
    return (
        opbench(
            "sweep",
            f"sweep grid --device cuda {shapes} --backend {ours},torch_eager,torch_compile",
            f"{small} --backend torch_eager",
            folder,
        ),
        program("ratios", "kernels.schedules", str(folder), rehearsal=(str(folder),)),
    )


def networks(out: Path) -> tuple[Command, ...]:
    """In ONNX Runtime by the sweep of models, and by CUDA graphs in both."""
    shapes = "--device cuda --batch 1,16 --budget 0.2"
    runtimes = "--operator hadaptive_s,hadaptive_m,hadaptive_l --backend torch_eager,cuda_graph,ort_stock"
    small = "sweep network --operator hadaptive_s --batch 1 --edge 64 --device cpu --mode forward --budget 0.001"
    folders = (out / "steps" / "networks", out / "steps" / "networks" / "runtimes")
    return (
        opbench(
            "products",
            f"sweep network {shapes} --mode forward --backend auto,torch_eager,cuda_graph",
            f"{small} --backend torch_eager",
            folders[0],
        ),
        opbench("runtimes", f"sweep models {shapes} {runtimes}", "", folders[1]),
    )


def tuning(out: Path) -> tuple[Command, ...]:
    file = str(out / "steps" / "tuning" / "suggestions.jsonl")
    return (program("constants", "gpu_day.tuning", file, rehearsal=(file, "--device", "cpu")),)


def grid(out: Path) -> tuple[Command, ...]:
    folder = out / "steps" / "grid"
    backends = "--backend cpp_ext:blocked,triton_jit:blocked,cpp_ext:direct,cpp_ext:balanced"
    shapes = "--channels 7,23,39,55 --edge 5,21,37,53 --batch 5,21,37,53"
    small = "sweep grid --device cpu --channels 5 --edge 2 --batch 1 --budget 0.001 --backend torch_eager"
    return (opbench("sweep", f"sweep grid --device cuda {shapes} --budget 0.02 {backends}", small, folder),)


def gate(out: Path) -> tuple[Command, ...]:
    return (opbench("same", f"gate --calibrate --device cuda --suites 200 -k hadamard --results {out}/steps/gate"),)


def sectors(out: Path) -> tuple[Command, ...]:
    file = str(out / "steps" / "sectors" / "sectors.json")
    return (program("table", "gpu_day.sectors", file, rehearsal=(file, "--without-device")),)


STEPS = (
    Step("environment", 50, "What is this machine, and do its clocks time what they say?", environment),
    Step("build", 105, "Does the CUDA extension build here?", build),
    Step("check", 50, "Are all backends right on the device?", check),
    Step("sanitizer", 35, "Does compute-sanitizer find an access or a race that is wrong?", sanitizer),
    Step("ceilings", 60, "What can the device do, and how near do our kernels come to a copy?", ceilings),
    Step("schedules", 60, "How far are our schedules ahead of the published two, torch.compile and eager?", schedules),
    Step("networks", 60, "How quick are the networks, in graphs and in ONNX Runtime?", networks),
    Step("tuning", 35, "Which constants would be quicker than those planned?", tuning),
    Step("grid", 35, "Which schedule is fastest where?", grid),
    Step("gate", 25, "How often would the gate call equal code slower here?", gate),
    Step("sectors", 25, "Does the PTX machine count the sectors that the device moves?", sectors),
)
NAMES = tuple(step.name for step in STEPS)


def shares(steps: tuple[Step, ...], seconds: float) -> dict[str, float]:
    """Seconds for each of these steps; together `seconds`."""
    total = sum(step.share for step in steps)
    return {step.name: seconds * step.share / total for step in steps}
