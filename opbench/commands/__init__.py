"""One file per command of the command line; `run(...)` returns the exit code."""
