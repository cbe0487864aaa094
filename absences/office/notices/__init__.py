"""Notices between the office and teachers about a register."""
