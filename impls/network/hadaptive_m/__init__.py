"""Hadaptive-Net-M; its backends are those of `impls.network`."""
