from typing import Any

from django.db import migrations, models


def grant_upns(apps: Any, schema_editor: Any) -> None:
    """Keeps UPNs readable for systems that could read them before; a school's admin removes the scope if it is not
    needed.

    On PostgreSQL, where the triggers stay during migrations, this ends the tokens of every such system: they notice
    that scopes changed, not that there are more (`database/rules.py`). Each gets a new token with its secret.
    """
    for client in apps.get_model("lessons", "ApiClient").objects.using(schema_editor.connection.alias):
        scopes = client.scopes.split()
        if "read" in scopes and "upns" not in scopes:
            client.scopes = " ".join([*scopes, "upns"])
            client.save(update_fields=["scopes"])


def take_upns_back(apps: Any, schema_editor: Any) -> None:
    """Removes the scope, which the previous release does not know."""
    clients = apps.get_model("lessons", "ApiClient").objects.using(schema_editor.connection.alias)
    for client in clients.filter(scopes__contains="upns"):
        client.scopes = " ".join(scope for scope in client.scopes.split() if scope != "upns")
        client.save(update_fields=["scopes"])


class Migration(migrations.Migration):
    dependencies = (("lessons", "0011_user_names_without_capitals"),)

    operations = (
        migrations.AlterField(
            model_name="plannedabsence",
            name="reason",
            field=models.CharField(
                blank=True,
                help_text="For the office. Teachers see what the code stands for.",
                max_length=200,
                verbose_name="reason",
            ),
        ),
        migrations.RunPython(grant_upns, take_upns_back),
    )
