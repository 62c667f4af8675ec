"""The paper's adaptive bottleneck as one call: expansion, depthwise convolution and projection without what is wide."""
