"""The command line: options, progress, and text that any terminal can take."""
