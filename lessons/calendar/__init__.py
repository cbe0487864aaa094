"""School time: clocks, days, terms and school years in a school's own zone."""
