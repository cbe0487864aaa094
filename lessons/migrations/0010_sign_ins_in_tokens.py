"""Names every sign-in in the tokens and tickets that it is given, so that they end with it."""

from django.db import migrations, models

import lessons.models.sessions


def name_families(apps, schema_editor):
    families = list(apps.get_model("lessons", "RefreshToken").objects.only("pk"))
    for family in families:
        family.sid = lessons.models.sessions.new_sid()
    apps.get_model("lessons", "RefreshToken").objects.bulk_update(families, ["sid"], batch_size=500)


class Migration(migrations.Migration):

    dependencies = [
        ('lessons', '0009_secrets_hashed_at_rest'),
    ]

    operations = [
        migrations.AddField(
            model_name='browsersession',
            name='own',
            field=models.BooleanField(default=True),  # who is signed in has been told that it is for a working day
        ),
        migrations.AlterField(
            model_name='browsersession',
            name='own',
            field=models.BooleanField(default=False),
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
            field=models.CharField(default=lessons.models.sessions.new_sid, editable=False, max_length=16, unique=True),
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
