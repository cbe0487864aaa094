"""A register as it stands: its state, its counts and rates, and the feed of changes."""
