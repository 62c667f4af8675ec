"""Kernels in GPU languages; imported by the backends that launch them."""
