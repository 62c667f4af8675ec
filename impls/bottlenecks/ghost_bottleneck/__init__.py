"""The bottleneck whose expansion is Ghost: half by a 1x1 convolution, half by a 3x3 depthwise one of those."""
