"""The gate's end of its workers: starting them, asking them, deciding which one measures when, replacing dead ones."""
