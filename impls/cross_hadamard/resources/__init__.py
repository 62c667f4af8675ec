"""Registers, spills and shared memory of the kernels that a point launches, by their compilers; none needs a GPU."""
