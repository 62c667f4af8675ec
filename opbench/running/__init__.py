"""A whole run: planned, estimated, prepared, measured point by point, reported."""
