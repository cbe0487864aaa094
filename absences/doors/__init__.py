"""The views for reports and completions, which every school uses at nine o'clock."""
