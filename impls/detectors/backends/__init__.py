"""What computes the detectors: PyTorch, and ONNX Runtime without our operator library and with it."""
