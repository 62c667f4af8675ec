"""Packages to begin with: what `opbench new` writes, from whole files under `templates`."""
