"""Doubling a vector, by one honest backend and many that are not."""
