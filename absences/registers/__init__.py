"""Completing a lesson: from the sheet to the register, and changes to it later."""
