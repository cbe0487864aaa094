"""Hashing secrets that clients present. Imports nothing of ours."""

import hashlib


def hash_secret(secret: str) -> str:
    """Returns the SHA-256, in 64 characters. The secret is random and long, so it needs neither salt nor a slow
    hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
