"""Rows from other systems, by those systems' ids, with the same rules in every format."""
