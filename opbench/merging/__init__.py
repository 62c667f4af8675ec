"""Runs put together: shards of one sweep, and the same sweep from several kinds of devices."""
