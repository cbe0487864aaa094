import django.contrib.auth.validators
import django.db.models.functions.text
from django.core.management import CommandError
from django.db import migrations, models

import lessons.usernames


def fold(apps, schema_editor):
    """Stores each user name in its canonical form. Where two accounts would then have the same name, nothing is
    changed: only their owner can say who keeps it."""
    users = apps.get_model("lessons", "User").objects.using(schema_editor.connection.alias)
    accounts = {}
    for pk, name in users.order_by("pk").values_list("pk", "username").iterator():
        accounts.setdefault(lessons.usernames.canonical(name), []).append((pk, name))
    clashes = [same for same in accounts.values() if len(same) > 1]
    if clashes:
        listed = "\n".join("  " + ", ".join(f"{name!r} (id {pk})" for pk, name in same) for same in clashes)
        raise CommandError(
            "Capitals and surrounding blanks no longer tell user names apart. On each of these lines, rename all "
            f"accounts but one, then migrate again:\n{listed}"
        )
    for name, [(pk, before)] in accounts.items():
        if name != before:
            users.filter(pk=pk).update(username=name)


class Migration(migrations.Migration):
    dependencies = [
        ("lessons", "0010_sign_ins_in_tokens"),
    ]

    operations = [
        migrations.RunPython(fold, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name="user",
            name="username",
            field=lessons.usernames.UserNameField(
                error_messages={"unique": "This user name is taken."},
                help_text="At most 150 letters, digits and @ . + - _. Capitals do not matter.",
                max_length=150,
                unique=True,
                validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                verbose_name="user name",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("username"),
                name="user_username_once",
                violation_error_message="This user name is taken.",
            ),
        ),
    ]
