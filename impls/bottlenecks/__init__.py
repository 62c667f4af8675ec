"""The paper's adaptive bottleneck as one call: expansion, depthwise convolution and projection, no tensor in between.

Inference, float32, channels last. `layers` has it for tensors, `csrc` the kernels.
"""
