"""Names each sign-in in its tokens and tickets, so that they end with it.

It is not known whether older sessions are on a user's own device, so they end as on a shared one.
"""

from django.db import migrations, models

import lessons.models.sessions


def name_families(apps, schema_editor):
    tokens = apps.get_model("lessons", "RefreshToken").objects.using(schema_editor.connection.alias)
    families = list(tokens.only("pk"))
    for family in families:
        family.sid = lessons.models.sessions.new_sid()
    tokens.bulk_update(families, ["sid"], batch_size=500)


class Migration(migrations.Migration):

    dependencies = [
        ('lessons', '0009_secrets_hashed_at_rest'),
    ]

    operations = [
        migrations.AddField(
            model_name='browsersession',
            name='own_device',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='refreshtoken',
            name='sid',
            field=models.CharField(editable=False, max_length=16, null=True),
        ),
        migrations.RunPython(name_families, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='refreshtoken',
            name='sid',
            field=models.CharField(db_default=lessons.models.sessions.DatabaseSid(), default=lessons.models.sessions.new_sid, editable=False, max_length=16, unique=True),
        ),
        migrations.AddField(
            model_name='revocation',
            name='sid',
            field=models.CharField(max_length=16, null=True),
        ),
        migrations.AddField(
            model_name='revocation',
            name='lesson_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='revocation',
            name='expires_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='revocation',
            name='noticed_at',
            field=models.DateTimeField(null=True),
        ),
    ]
