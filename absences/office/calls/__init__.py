"""First-day calls: families to call, and the outcomes."""
