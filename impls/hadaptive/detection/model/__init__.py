"""The detector: five maps, heads, default boxes, what is learnt from a target, and detections from what it says."""
