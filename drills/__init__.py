"""Drills: real processes are killed, hung and restarted, and afterwards every acknowledged write must be there.

Everything listens on loopback and ends with the drill.
"""
