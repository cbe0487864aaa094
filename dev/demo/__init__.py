"""The demo: two invented schools with a week behind them, and lessons to take now at whatever hour somebody looks.

Run again it only adds: the lessons of the days that came, and the registers of those that are over. What people have
entered stays.
"""
