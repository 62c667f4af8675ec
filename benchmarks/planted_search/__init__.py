"""Does the architecture search find what is planted? `python -m benchmarks.planted_search`."""
