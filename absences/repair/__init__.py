"""Finishes what a crash left, compares the stores, and recovers after a restore."""
