"""Models as ONNX files that run on any ONNX Runtime, and faster with our operator library beside them."""
