"""What the Numba kernels are written in: memory and arithmetic of the device or its simulator, and the launch."""
