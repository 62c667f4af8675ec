"""A history as files of other tools, a file a tool, so that nobody is held here."""
