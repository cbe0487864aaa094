"""What answers reports and completions at nine o'clock."""
