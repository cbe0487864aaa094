"""Who somebody is: signing in, sessions, tokens, keys, and what ends them."""
