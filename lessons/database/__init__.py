"""Rules that the database enforces beyond Django's models, deletion of old rows, and SQL errors."""
