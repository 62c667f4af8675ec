"""Questions with axes; each file assigns `SWEEP`."""
