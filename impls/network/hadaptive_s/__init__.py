"""Hadaptive-Net-S; its backends are those of `impls.network`."""
