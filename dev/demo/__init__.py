"""The demo: two invented schools with a week of registers, and lessons to take now at any hour.

Running it again only adds to it: the lessons of new days, and registers for lessons that are over. It keeps what people
have entered.
"""
