"""Training Hadaptive-Net: data sets by name, one loop, checkpoints that resume bit for bit, and the ablations."""
