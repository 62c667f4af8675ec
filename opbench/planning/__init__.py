"""From a sweep to its tasks: which are made when, and which are left."""
