import django.db.models.deletion
import spm.tenancy.base
import spm.tenancy.constraints
import spm.tenancy.scope
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('jobs', '0001_initial'),
        ('tenancy', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('source', models.CharField(blank=True, max_length=40)),
                ('target', models.CharField(blank=True, max_length=40)),
                ('file_name', models.CharField(max_length=255)),
                ('file_sha256', models.CharField(max_length=64)),
                ('mapping_text', models.TextField()),
                ('state', models.CharField(choices=[('uploaded', 'Uploaded'), ('previewed', 'Previewed'), ('imported', 'Imported'), ('failed', 'Failed'), ('rolled_back', 'Rolled back')], default='uploaded', max_length=12)),
                ('rows_file', models.BigIntegerField(default=0)),
                ('rows_staged', models.BigIntegerField(default=0)),
                ('rows_accepted', models.BigIntegerField(default=0)),
                ('rows_rejected', models.BigIntegerField(default=0)),
                ('rows_left_out', models.BigIntegerField(default=0)),
                ('rows_new', models.BigIntegerField(default=0)),
                ('rows_changed', models.BigIntegerField(default=0)),
                ('rows_unchanged', models.BigIntegerField(default=0)),
                ('sums', models.JSONField(blank=True, default=dict)),
                ('left_out', models.JSONField(blank=True, default=dict)),
                ('error', models.TextField(blank=True)),
                ('actor_id', models.BigIntegerField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('change_set', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('job', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='jobs.job')),
                ('rolled_back_by', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='imports_batch_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='imports_batch_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='imports_batch_uid'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='imports_batch_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='rolled_back_by', name='imports_batch_rolled_back_by_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='job', name='imports_batch_job_fk', to='jobs.Job')],
            },
        ),
        migrations.CreateModel(
            name='BatchFile',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=255)),
                ('content', models.BinaryField()),
                ('batch', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='imports.batch')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='imports_batchfile_rls'), spm.tenancy.constraints.CompositeForeignKey(field='batch', name='imports_batchfile_batch_fk', to='imports.Batch')],
            },
        ),
        migrations.CreateModel(
            name='ImportMapping',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('code', models.SlugField(max_length=63)),
                ('text', models.TextField()),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'ordering': ['code'],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='imports_importmapping_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='imports_importmapping_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='imports_importmapping_uid'), models.UniqueConstraint(fields=('tenant', 'code'), name='imports_mapping_code')],
            },
        ),
        migrations.CreateModel(
            name='StagedRow',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('line', models.IntegerField()),
                ('state', models.SmallIntegerField(choices=[(1, 'Accepted'), (2, 'Rejected'), (3, 'Left out')])),
                ('external_id', models.CharField(blank=True, max_length=200)),
                ('control', models.DecimalField(blank=True, decimal_places=6, max_digits=30, null=True)),
                ('fields', models.JSONField(blank=True, null=True)),
                ('column', models.CharField(blank=True, max_length=200)),
                ('cause', models.CharField(blank=True, max_length=400)),
                ('mend', models.CharField(blank=True, max_length=400)),
                ('batch', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='rows', to='imports.batch')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'batch', 'state', 'line'], name='imports_staged_rows')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='imports_stagedrow_rls'), spm.tenancy.constraints.CompositeForeignKey(field='batch', name='imports_stagedrow_batch_fk', to='imports.Batch')],
            },
        ),
    ]
