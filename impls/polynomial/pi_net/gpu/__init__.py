"""The recursion as a Triton kernel."""
