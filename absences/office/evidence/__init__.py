"""The audit trail: every entry on a register or a pupil, to print or download."""
