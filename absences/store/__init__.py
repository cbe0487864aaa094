"""The document store: the only code that talks to MongoDB."""
