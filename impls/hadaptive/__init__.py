"""Hadaptive-Net (arXiv 2505.22226): the ACH module, the blocks around it, and the networks built of them."""
