"""The board: the state of today's registers."""
