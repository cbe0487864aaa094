"""What the database upholds beyond Django's models, what it deletes, and its errors."""
