"""The API for the school's own data, and the parts that every API view shares."""
