"""The pages: today, the register, its corrections."""
