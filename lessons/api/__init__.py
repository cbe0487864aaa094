"""The school's own data over HTTP, and what every API view shares."""
