"""What tools outside the process count of one case: a file that runs each tool, and one that reads what it prints."""
