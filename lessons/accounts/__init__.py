"""User accounts: signing in, sessions, tokens, keys, and revocation."""
