"""Hashes session keys, ids of refresh tokens and idempotency keys in place, and names each session, so that all stay
valid.

Stop web processes and the reconciler before migrating to this release. A process of the previous release finds no
session by its hash: it signs out every user who reaches it, and the sessions that it makes are stored in the clear and
unknown to this release. Nor does it know the scope that 0012 grants.

A hash cannot be reversed, so migrating backwards deletes these rows: everybody must sign in again.
"""

from django.db import migrations, models
from django.db.models import Value
from django.db.models.functions import SHA256, Concat, Substr

import lessons.models.sessions


class Hashed(SHA256):
    """The hash, by PostgreSQL's own function; Django's needs the extension pgcrypto."""

    def as_postgresql(self, compiler, connection, **context):
        template = "encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')"
        return super().as_sql(compiler, connection, template=template, **context)


def hash_keys(apps, schema_editor):
    """Hashes the keys in one statement: PostgreSQL alters no table whose rows a transaction has written twice."""
    alias = schema_editor.connection.alias
    name = Substr(Hashed(Concat(Value("sid of "), "session_key")), 1, 16)
    apps.get_model("lessons", "BrowserSession").objects.using(alias).update(session_key=Hashed("session_key"), sid=name)
    apps.get_model("lessons", "RefreshToken").objects.using(alias).update(family=Hashed("family"), jti=Hashed("jti"))
    apps.get_model("lessons", "KeptAnswer").objects.using(alias).update(key=Hashed("key"))


def forget(apps, schema_editor):
    for name in ("BrowserSession", "RefreshToken", "KeptAnswer"):
        apps.get_model("lessons", name).objects.using(schema_editor.connection.alias).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('lessons', '0008_notices_are_forgotten'),
    ]

    operations = [
        migrations.AlterField(
            model_name='browsersession',
            name='session_key',
            field=models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name='hash of the session key'),
        ),
        migrations.AddField(
            model_name='browsersession',
            name='sid',
            field=models.CharField(editable=False, max_length=16, null=True),
        ),
        migrations.RunPython(hash_keys, forget),
        migrations.AlterField(
            model_name='browsersession',
            name='sid',
            field=models.CharField(db_default=lessons.models.sessions.DatabaseSid(), default=lessons.models.sessions.new_sid, editable=False, max_length=16, unique=True),
        ),
        migrations.AlterField(
            model_name='keptanswer',
            name='key',
            field=models.CharField(max_length=64),
        ),
    ]
