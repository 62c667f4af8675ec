"""Pointwise expansion, as in the inverted bottleneck: 1x1 convolution, BatchNorm, Hardswish."""
