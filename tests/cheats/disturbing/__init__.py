"""Backends that compute right and change the process for themselves or for their rivals."""
