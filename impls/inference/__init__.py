"""Layers for inference in C++: convolutions, adaptive bottlenecks, classifier, and networks of them as one call.

float32, channels last, BatchNorm folded into the weights. `layers` has them for tensors, `csrc` the kernels.
"""
