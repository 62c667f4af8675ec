"""Ghost expansion: half of the channels by 1x1 convolution, the other half from them by a 3x3 depthwise one."""
