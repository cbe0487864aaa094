"""First-day calls: whom to ring, and the outcome."""
