"""The cross-Hadamard product and ACH's expansion: what is asked, what answers, and who may call it.

Here: the operator's definition, the public functions, the contract and the mathematics that all backends share, and
what a backend offers. `backends` holds one file for each backend, `api` what stands between the public functions and
them, `gpu` the kernels in GPU languages, `resources` what those kernels take of a GPU, `csrc` the C++ and CUDA sources.
"""
