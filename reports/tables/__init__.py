"""Tables as files: one that assigns `REPORT` is one report; the others make the columns of the table of all values."""
