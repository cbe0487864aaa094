"""Finding pupils, groups and colleagues."""
