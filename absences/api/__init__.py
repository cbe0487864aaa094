"""The JSON API of lessons and registers: thin views over the functions of this app."""
