"""The authentication backend. The module must stay here: sessions store its dotted path."""

from django.contrib.auth.backends import ModelBackend

from lessons.models import User


class Backend(ModelBackend):
    """Django's backend, except that it reads the user and their roles in one statement."""

    def get_user(self, user_id: int) -> User | None:
        user = User.with_memberships(user_id)
        return user if user and self.user_can_authenticate(user) else None
