"""Hadaptive-Net (arXiv 2505.22226): ACH, the blocks around it, the networks as configurations, and studies of them.

Here: the modules and the commands. `ach_parts` holds what ACH is made of, `images` the data sets, `training` the loop,
`search`, `ablation`, `replacing` and `inspect` one study each.
"""
