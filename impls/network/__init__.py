"""Hadaptive-Net-S, -M and -L as operators of the suite: an image to scores, and a training step."""
