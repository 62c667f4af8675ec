"""`opbench history`: a file a command, and `command.py`, which reads the command line."""
