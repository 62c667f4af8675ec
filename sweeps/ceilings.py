"""What this machine can do: `opbench ceilings` asks this in several rounds and keeps the answer."""

from opbench import Grid, Sweep

SIZES = (32, 512, 2048, 16384, 65536, 262144)
"""KiB; the command puts sizes in their place that suit the machine's caches."""

# The smallest matrices that reach the rate of large ones: on 2 cores of an EPYC 9004, 97 % of that of 2048 in float32.
# float16 has no fast path on most CPUs, where 768 takes 0.3 s.
CPU_MATRIX, SLOW_MATRIX, GPU_MATRIX = 768, 256, 8192

SWEEP = Sweep(
    question="What can this machine do: bandwidth by working set, multiply-adds, the costs of calls and fresh memory?",
    grids=(
        Grid(operators=("memory_read", "memory_write", "memory_copy"), axes={"kib": SIZES}, modes=("out",)),
        Grid(operators=("multiply_add",), axes={}, dtypes=("float32", "float64"), device="cpu"),
        Grid(
            operators=("multiply_add",),
            axes={},
            held={"lanes": 1 << 20},
            dtypes=("float32", "float64", "float16"),
            device="cuda",
        ),
        Grid(
            operators=("matrix_multiply",),
            axes={},
            held={"n": CPU_MATRIX},
            dtypes=("float32", "float64", "bfloat16"),
            device="cpu",
        ),
        Grid(operators=("matrix_multiply",), axes={}, held={"n": SLOW_MATRIX}, dtypes=("float16",), device="cpu"),
        Grid(
            operators=("matrix_multiply",),
            axes={},
            held={"n": GPU_MATRIX},
            dtypes=("float32", "float64", "float16", "bfloat16"),
            device="cuda",
        ),
        Grid(operators=("empty_call", "fresh_pages"), axes={}, device="cpu"),
        Grid(operators=("empty_launch",), axes={}),
    ),
    budget_s=0.07,
)
