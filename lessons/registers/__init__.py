"""Registers with their amendments: state, counts, rates, and the change feed."""
