import django.db.models.deletion
import django.utils.timezone
import spm.tenancy.base
import spm.tenancy.constraints
import spm.tenancy.scope
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('tenancy', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('kind', models.CharField(max_length=64)),
                ('key', models.CharField(max_length=200)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('waiting', 'Waiting for its parts'), ('succeeded', 'Done'), ('failed', 'Failed'), ('dead', 'Given up'), ('cancelled', 'Cancelled')], default='queued', max_length=16)),
                ('params', models.JSONField(blank=True, default=dict)),
                ('result', models.JSONField(blank=True, default=dict)),
                ('stage', models.CharField(blank=True, max_length=64)),
                ('cursor', models.JSONField(blank=True, default=dict)),
                ('progress', models.JSONField(blank=True, default=dict)),
                ('error', models.TextField(blank=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('max_attempts', models.PositiveIntegerField(default=5)),
                ('fence', models.BigIntegerField(default=0)),
                ('lease_owner', models.CharField(blank=True, max_length=200)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('heartbeat_at', models.DateTimeField(blank=True, null=True)),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('publishes', models.PositiveIntegerField(default=0)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('chunk_number', models.PositiveIntegerField(blank=True, null=True)),
                ('requested_by_id', models.BigIntegerField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('parent', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='chunks', to='jobs.job')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'running', 'waiting'])), fields=['tenant', 'state', 'due_at'], name='jobs_job_open'), models.Index(fields=['tenant', 'parent', 'stage'], name='jobs_job_chunks')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='jobs_job_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='jobs_job_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='jobs_job_uid'), spm.tenancy.constraints.CompositeForeignKey(field='parent', name='jobs_job_parent_fk', to='jobs.Job'), models.UniqueConstraint(fields=('tenant', 'kind', 'key'), name='jobs_job_key_once'), models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'waiting', 'succeeded', 'failed', 'dead', 'cancelled'])), name='jobs_job_state')],
            },
        ),
        migrations.CreateModel(
            name='Outbox',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('job', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='jobs.job')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='jobs_outbox_rls'), spm.tenancy.constraints.CompositeForeignKey(field='job', name='jobs_outbox_job_fk', to='jobs.Job'), models.UniqueConstraint(fields=('tenant', 'job'), name='jobs_outbox_once')],
            },
        ),
    ]
