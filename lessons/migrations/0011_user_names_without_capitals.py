import unicodedata

import django.contrib.auth.validators
import django.db.models.functions.text
from django.core.management import CommandError
from django.db import migrations, models

import lessons.usernames


def canonical(name):
    """Returns what `lessons.usernames.canonical` returned when this was written."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def canonical_names(rows):
    """Returns the account (id, name) for each canonical name. Raises CommandError if two accounts would have the same:
    only their owner can decide who keeps it."""
    accounts = {}
    for pk, name in rows:
        accounts.setdefault(canonical(name), []).append((pk, name))
    clashes = [same for same in accounts.values() if len(same) > 1]
    if clashes:
        listed = "\n".join("  " + ", ".join(f"{name!r} (id {pk})" for pk, name in same) for same in clashes)
        raise CommandError(
            "Capitals and surrounding blanks no longer tell user names apart. On each of these lines, rename all "
            f"accounts but one, then migrate again:\n{listed}"
        )
    return {name: account for name, [account] in accounts.items()}


def fold(apps, schema_editor):
    """Stores each user name in its canonical form."""
    users = apps.get_model("lessons", "User").objects.using(schema_editor.connection.alias)
    for name, (pk, before) in canonical_names(users.order_by("pk").values_list("pk", "username")).items():
        if name != before:
            users.filter(pk=pk).update(username=name)


class Migration(migrations.Migration):
    dependencies = [
        ("lessons", "0010_sign_ins_in_tokens"),
    ]

    @staticmethod
    def may_refuse(connection):
        """Checked before the first migration of a run changes anything (`lessons/database/installing.py`)."""
        with connection.cursor() as cursor:
            if "lessons_user" in connection.introspection.table_names(cursor):
                cursor.execute("SELECT id, username FROM lessons_user ORDER BY id")
                canonical_names(cursor.fetchall())

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
