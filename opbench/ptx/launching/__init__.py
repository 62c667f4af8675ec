"""Launches: arguments laid out in memory, the device that is not there, orders of blocks."""
