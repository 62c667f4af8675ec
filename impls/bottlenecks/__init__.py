"""The paper's adaptive bottleneck as an operator: expansion, depthwise convolution and projection, for inference."""
