"""SSD on Hadaptive-Net and on MobileNets (section 5.4, table 6) as operators of the suite, and as ONNX files."""
