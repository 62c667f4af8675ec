"""A Hadaptive-Net prepared once for inference on a CPU: every layer one call, the activations channels last between.

    from impls.hadaptive.fused.network import fused
    quick = fused(hadaptive_net_s().eval())

Here: what of a network has such a form (`plain_form.py`, `specs.py`), what it was made from and whether that still
holds (`state.py`), the network that runs (`network.py`), and whose selection rounding decides (`margins.py`).
"""
