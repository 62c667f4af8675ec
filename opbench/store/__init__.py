"""Runs on disk: their folders, the journal of records, how records are written and read, and who may write."""
