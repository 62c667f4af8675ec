"""From PTX text to a module."""
