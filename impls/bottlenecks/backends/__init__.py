"""The backends of both bottlenecks, a file each: what they prepare goes by the point's operator."""
