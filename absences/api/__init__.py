"""The JSON doors of lessons, sheets and registers: thin views over the functions of this app."""
