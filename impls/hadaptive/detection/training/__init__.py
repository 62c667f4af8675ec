"""Training a detector: SGD by the paper's recipe, checkpoints that resume bit for bit, mAP between epochs."""
