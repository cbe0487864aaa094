"""Measurements behind the figures for speed and memory, on stores of their own."""
