import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('lessons', '0006_browser_sessions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Contact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by_id', models.BigIntegerField(null=True, verbose_name='by (user id)')),
                ('by_name', models.CharField(max_length=200, verbose_name='by')),
                ('by_position', models.CharField(blank=True, max_length=100, verbose_name='position')),
                ('date', models.DateField(verbose_name='day of the absence')),
                ('outcome', models.CharField(choices=[('reached', 'Reached: the reason is known'), ('promised', 'Reached: they find out'), ('message', 'Message left'), ('no_answer', 'No answer'), ('wrong_number', 'Wrong number')], max_length=20, verbose_name='outcome')),
                ('note', models.CharField(blank=True, max_length=500, verbose_name='note')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('school', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='lessons.school', verbose_name='school')),
                ('student', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contacts', to='lessons.student', verbose_name='student')),
            ],
            options={
                'verbose_name': 'contact',
                'verbose_name_plural': 'contacts',
                'ordering': ('at', 'id'),
                'indexes': [models.Index(fields=['school', 'date'], name='lessons_con_school__ee6bce_idx')],
            },
        ),
        migrations.CreateModel(
            name='DeskEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by_id', models.BigIntegerField(null=True, verbose_name='by (user id)')),
                ('by_name', models.CharField(max_length=200, verbose_name='by')),
                ('by_position', models.CharField(blank=True, max_length=100, verbose_name='position')),
                ('date', models.DateField(verbose_name='day')),
                ('direction', models.CharField(choices=[('in', 'Signed in'), ('out', 'Signed out')], max_length=3, verbose_name='direction')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('school', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='lessons.school', verbose_name='school')),
                ('student', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='desk_entries', to='lessons.student', verbose_name='student')),
            ],
            options={
                'verbose_name': 'front desk entry',
                'verbose_name_plural': 'front desk entries',
                'ordering': ('at', 'id'),
                'indexes': [models.Index(fields=['school', 'date'], name='lessons_des_school__134ce4_idx')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by_id', models.BigIntegerField(null=True, verbose_name='by (user id)')),
                ('by_name', models.CharField(max_length=200, verbose_name='by')),
                ('by_position', models.CharField(blank=True, max_length=100, verbose_name='position')),
                ('kind', models.CharField(choices=[('reminder', 'Please take this register'), ('someone_else', 'Somebody is in the room who is not on the roster')], max_length=20, verbose_name='kind')),
                ('text', models.CharField(blank=True, max_length=200, verbose_name='text')),
                ('made_at', models.DateTimeField(verbose_name='made at')),
                ('done_at', models.DateTimeField(null=True, verbose_name='done at')),
                ('lesson', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='lessons.lesson', verbose_name='lesson')),
                ('school', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='lessons.school', verbose_name='school')),
                ('student', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='lessons.student', verbose_name='student')),
                ('to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL, verbose_name='to')),
            ],
            options={
                'verbose_name': 'notice',
                'verbose_name_plural': 'notices',
                'ordering': ('made_at', 'id'),
                'indexes': [models.Index(condition=models.Q(('done_at__isnull', True)), fields=['school', 'made_at'], name='notice_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('done_at__isnull', True), ('kind', 'reminder')), fields=('lesson', 'to'), name='notice_reminds_once')],
            },
        ),
        migrations.CreateModel(
            name='PlannedAbsence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(blank=True, help_text='The system that owns this entry.', max_length=40, verbose_name='source')),
                ('external_id', models.CharField(blank=True, help_text='Its id in that system.', max_length=100, verbose_name='external id')),
                ('updated_at', models.DateTimeField(auto_now=True, db_index=True, verbose_name='updated at')),
                ('by_id', models.BigIntegerField(null=True, verbose_name='by (user id)')),
                ('by_name', models.CharField(max_length=200, verbose_name='by')),
                ('by_position', models.CharField(blank=True, max_length=100, verbose_name='position')),
                ('first_day', models.DateField(verbose_name='first day')),
                ('last_day', models.DateField(help_text='Included.', verbose_name='last day')),
                ('from_time', models.TimeField(blank=True, help_text='Lessons that start from then on; empty for the whole day.', null=True, verbose_name='from')),
                ('until_time', models.TimeField(blank=True, help_text='Lessons that start before then.', null=True, verbose_name='until')),
                ('code', models.CharField(max_length=2, verbose_name='code')),
                ('reason', models.CharField(blank=True, help_text='Teachers see it.', max_length=200, verbose_name='reason')),
                ('made_at', models.DateTimeField(auto_now_add=True, verbose_name='entered at')),
                ('school', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='lessons.school', verbose_name='school')),
                ('student', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='planned_absences', to='lessons.student', verbose_name='student')),
            ],
            options={
                'verbose_name': 'planned absence',
                'verbose_name_plural': 'planned absences',
                'ordering': ('first_day', 'id'),
                'indexes': [models.Index(fields=['school', 'last_day'], name='lessons_pla_school__da40f8_idx')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('school', 'source', 'external_id'), name='plannedabsence_one_per_source', violation_error_message='Another entry of this school has this external id.'), models.CheckConstraint(condition=models.Q(('last_day__gte', models.F('first_day'))), name='planned_absence_ends_after_start', violation_error_message='The last day is not before the first.'), models.CheckConstraint(condition=models.Q(('from_time__isnull', True), ('until_time__isnull', True), ('until_time__gt', models.F('from_time')), _connector='OR'), name='planned_absence_times_in_order', violation_error_message='“Until” is after “from”.')],
            },
        ),
    ]
