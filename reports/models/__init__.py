"""Whole models among the records, and what the paper says of them, of their cost and of operators' cost."""
