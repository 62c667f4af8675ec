"""Figures of polynomial networks, drawn from files of `impls.polynomial`."""
