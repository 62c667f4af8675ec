"""Tables that the command line prints, through rich."""
