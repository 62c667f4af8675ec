"""The adaptive bottleneck as one call: expansion, depthwise convolution and projection, the expanded tensor never written."""
