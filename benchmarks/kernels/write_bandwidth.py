"""How close the C++ kernels come to writing memory and nothing else, at outputs beyond what the caches take.

    python -m benchmarks.kernels.write_bandwidth

On a shared machine the write bandwidth itself changes within seconds (20 or 32 GB/s on the one in the README), so
the product and the fills take turns sample by sample, in one process, into outputs of one size. What is still to be
written from the caches after a sample is the next one's loss, so each is led by a call of its own that is not timed;
and a fill of less than twice the caches writes part of it nowhere else: 34 GB/s at 47 MiB, 26 at 193 (EPYC, 32 MiB).
"""

from __future__ import annotations

from benchmarks.pinned import run_pinned

SHAPES = ((1, 128, 56), (8, 32, 56), (8, 64, 28), (8, 64, 56), (8, 128, 14), (8, 128, 28))
"""(batch, channels, edge): the shapes of the sweep `cpu_kernels` with 47 to 195 MiB of float32 output."""


def main() -> None:
    import torch

    from impls.cross_hadamard.cpp_kernels import operators
    from impls.cross_hadamard.functional import cross_hadamard
    from opbench.caches import known
    from opbench.measure.timing.sampler import measure
    from opbench.measure.timing.stopping import Precision
    from opbench.measure.timing.wall import LedWallClock
    from opbench.vocabulary.interval import median_interval

    torch.set_grad_enabled(False)
    fill = operators().fill.default
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}; GB/s, medians, [95 % interval of the ratio]")
    use = known(torch.get_num_threads())
    cache, fresh = use.cache_bytes >> 20, use.stream_fresh_bytes >> 20
    print(f"caches of {cache} MiB, stores around them from {fresh} MiB on ({use.source}) {use.note}")
    for batch, channels, edge in beyond(max(use.stream_fresh_bytes, 2 * use.cache_bytes)):
        x = torch.randn(batch, channels, edge, edge)
        out = cross_hadamard(x, backend="cpp_ext")
        shape, size = out.shape, out.numel() * 4
        del out
        launches = {
            "product": lambda x=x: cross_hadamard(x, backend="cpp_ext"),
            "streaming fill": lambda shape=shape: fill(torch.empty(shape), 1.0, True),
            "cached fill": lambda shape=shape: fill(torch.empty(shape), 1.0, False),
            "torch.full": lambda shape=shape: torch.full(shape, 1.0),
        }
        found = measure(launches, LedWallClock(), lambda: Precision(target=0.02, budget_s=3.0))
        rows = {name: median_interval(samples.samples_s) for name, samples in found.items()}
        ceiling = min((row for name, row in rows.items() if name != "product"), key=lambda row: row.mid)
        share = ceiling.over(rows["product"])
        rates = ", ".join(f"{name} {size / row.mid / 1e9:5.1f}" for name, row in rows.items())
        print(
            f"({batch}, {channels:3}, {edge}) {size >> 20:4} MiB: {rates}; "
            f"product at {share.mid:.0%} [{share.low:.0%}, {share.high:.0%}] of the fastest fill",
            flush=True,
        )


def beyond(size_bytes: int) -> tuple[tuple[int, int, int], ...]:
    """The shapes whose outputs are no smaller; all of them on a machine whose caches take every one."""
    return tuple(shape for shape in SHAPES if output_bytes(*shape) >= size_bytes) or SHAPES


def output_bytes(batch: int, channels: int, edge: int) -> int:
    return batch * channels * (channels - 1) // 2 * edge * edge * 4


if __name__ == "__main__":
    run_pinned("benchmarks.kernels.write_bandwidth", main)
