"""Names that are stored or sent stay the same wherever the code moves."""

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils.crypto import salted_hmac

from absences.store import mongo
from lessons.accounts import authentication, known_browsers
from lessons.factories import MembershipFactory

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
def test_a_session_names_the_backend_that_made_it(client: Client) -> None:
    """Django signs out users whose session names a backend that is not in the settings."""
    client.force_login(MembershipFactory.create().user)
    assert client.session["_auth_user_backend"] == "lessons.authentication.Backend"
    assert settings.AUTHENTICATION_BACKENDS == ["lessons.authentication.Backend"]


def test_device_cookies_stay_readable() -> None:
    assert known_browsers.SALT == "lessons.known_browsers"
    assert (settings.DEVICE_COOKIE_NAME, settings.SESSION_COOKIE_NAME) == ("device", "sessionid")


@pytest.mark.django_db
def test_tokens_stay_good() -> None:
    user = MembershipFactory.create().user
    key = salted_hmac("lessons.authentication.successor", "name jti", algorithm="sha256")
    assert authentication._successor("name", "jti") == key.hexdigest()[:32]
    grounds = f'["{user.password}", true, ["teacher"], null]'
    made = salted_hmac("lessons.authentication.standing", grounds, algorithm="sha256").hexdigest()[:32]
    assert authentication.fingerprint(user, user.memberships.get().school_id) == made


def test_collections_keep_their_names() -> None:
    assert {each().name for each in (mongo.sheets, mongo.orphans, mongo.revocations)} == {"sheets", "orphans", "denied"}


def test_browsers_find_what_they_kept() -> None:
    scripts = (path.read_text() for path in (ROOT / "absences/static/absences").rglob("*.js"))
    assert any('indexedDB.open("attendance", 1)' in script for script in scripts)
