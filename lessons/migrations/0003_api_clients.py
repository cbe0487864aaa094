import django.db.models.deletion
import lessons.models.clients
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('lessons', '0002_append_only_record'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='school',
            name='integrators_amend',
        ),
        # Created again, empty: users with a refresh token must sign in again.
        migrations.DeleteModel(
            name='RefreshToken',
        ),
        migrations.CreateModel(
            name='RefreshToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('family', models.CharField(max_length=64, unique=True)),
                ('jti', models.CharField(max_length=64)),
                ('standing', models.CharField(max_length=64)),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('school', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, to='lessons.school')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refresh_tokens', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'refresh token',
                'verbose_name_plural': 'refresh tokens',
            },
        ),
        migrations.CreateModel(
            name='Revocation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user_id', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'revocation',
                'verbose_name_plural': 'revocations',
            },
        ),
        migrations.CreateModel(
            name='ApiClient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_id', models.CharField(default=lessons.models.clients.new_client_id, editable=False, max_length=40, unique=True, verbose_name='client id')),
                ('secret_hash', models.CharField(editable=False, max_length=64)),
                ('scopes', models.CharField(blank=True, default='read report complete', max_length=100, validators=[lessons.models.clients.known_scopes], verbose_name='scopes')),
                ('made_at', models.DateTimeField(auto_now_add=True, verbose_name='made at')),
                ('last_used_at', models.DateTimeField(editable=False, null=True, verbose_name='last used at')),
                ('revoked_at', models.DateTimeField(editable=False, null=True, verbose_name='revoked at')),
                ('school', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='lessons.school', verbose_name='school')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='api_client', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'API client',
                'verbose_name_plural': 'API clients',
                'ordering': ('-made_at',),
            },
        ),
    ]
