"""The state spaces of a GPU's memory, with exact bounds."""
