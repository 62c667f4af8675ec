"""Child processes: started, asked and ended, and what runs inside a measuring process."""
