"""Whether figures hold beside other work, cheats, kills and damaged files."""
