"""Hadaptive-Net-L; its backends are those of `impls.network`."""
