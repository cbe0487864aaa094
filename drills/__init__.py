"""Proofs by fault: real processes are killed, hung and restarted, and what was acknowledged is counted afterwards.

Everything listens on loopback and ends with the drill.
"""
