"""A whole Hadaptive-Net as one node of ours, with a function of standard nodes beside it that any runtime computes."""
