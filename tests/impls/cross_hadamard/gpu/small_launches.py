"""Every kernel of the CUDA extension once or twice at small, odd sizes: what the sanitizer watches. No pytest in it."""

from __future__ import annotations

import torch

from impls.cross_hadamard.gpu import nvcc_kernels

SHAPES = [(3, 5, 7, 7), (1, 17, 4, 4), (2, 3, 33, 5), (1, 2, 1, 1), (280, 3, 12, 12), (4, 17, 56, 56)]
"""The last but one takes the gradient's `columns` in both dtypes, the last the larger tiles of `blocked`."""


def launch_all(shape: tuple[int, int, int, int], dtype: torch.dtype) -> int:
    batch, channels, *spatial = shape
    kind = torch.float64 if dtype == torch.float64 else torch.float32
    # Made on the host: initcheck is told of copies, but not of what kernels outside its filter write.
    x = torch.randn(shape).to(dtype).cuda()
    index = torch.randint(channels, (batch, 4))
    index[0, :2] = torch.tensor([-1, channels])  # channels that are not there, which no kernel may touch
    index = index.cuda()
    alpha, weight, bias = (torch.ones(count, dtype=kind).cuda() for count in (1, 6, 6))
    launched = 0
    for chosen, n in ((None, channels), (index, 4)):
        pairs = n * (n - 1) // 2
        for schedule in ("direct", "balanced", "blocked", "flat"):
            nvcc_kernels.forward(x, chosen, torch.empty(batch, pairs, *spatial, device="cuda", dtype=dtype), schedule)
            launched += 1
        grad = torch.randn(batch, pairs, *spatial).to(dtype).cuda()
        nvcc_kernels.backward(grad, x, chosen, torch.empty_like(x))
    out = torch.empty(batch, channels + 6, *spatial, device="cuda", dtype=dtype)
    for schedule in ("blocked", "flat"):
        nvcc_kernels.expand(x, index, alpha, weight, bias, "softsign", out, schedule)
        launched += 1
    nvcc_kernels.expand_backward(out, x, index, alpha, weight, bias, "softsign", torch.empty_like(x))
    torch.cuda.synchronize()
    return launched


if __name__ == "__main__":
    total = sum(launch_all(shape, dtype) for shape in SHAPES for dtype in (torch.float32, torch.bfloat16))
    print(f"launched {total} forward kernels")
