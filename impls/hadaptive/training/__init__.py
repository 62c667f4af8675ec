"""Training Hadaptive-Net: one loop, its settings, and checkpoints that resume bit for bit."""
