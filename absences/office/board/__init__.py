"""The board: how today's registers stand."""
