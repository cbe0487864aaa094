"""Everything that was said of a register or a pupil, to print or to save."""
