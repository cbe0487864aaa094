from django.contrib.auth import hashers


class Argon2PasswordHasher(hashers.Argon2PasswordHasher):
    """Argon2id with OWASP's recommended parameters: 46 MiB, one pass, one thread. Django's own 100 MiB and eight
    threads take a fifth of a second of a core, and eight sign-ins at once take most of a gigabyte."""

    memory_cost = 47104  # KiB
    time_cost = 1
    parallelism = 1
