"""Searching for pupils, groups and colleagues."""
