import django.db.models.deletion
import spm.tenancy.base
import spm.tenancy.constraints
import spm.tenancy.scope
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('people', '0001_initial'),
        ('tenancy', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Territory',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('code', models.CharField(max_length=80)),
                ('name', models.CharField(max_length=200)),
                ('group', models.CharField(blank=True, max_length=120)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('parent', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='planning.territory')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='planning_territory_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='planning_territory_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='planning_territory_uid'), spm.tenancy.constraints.CompositeForeignKey(field='parent', name='planning_territory_parent_fk', to='planning.Territory'), models.UniqueConstraint(fields=('tenant', 'code'), name='planning_territory_code')],
            },
        ),
        migrations.CreateModel(
            name='TerritoryAssignment',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('valid_from', models.DateField()),
                ('valid_to', models.DateField(blank=True, null=True)),
                ('known_from', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('known_to', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('position', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='territories', to='people.position')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
                ('territory', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='positions', to='planning.territory')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='planning_territoryassignment_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='planning_territoryassignment_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='planning_territoryassignment_uid'), spm.tenancy.constraints.CompositeForeignKey(field='known_from', name='planning_territoryassignment_known_from_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='known_to', name='planning_territoryassignment_known_to_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='position', name='planning_territoryassignment_position_fk', to='people.Position'), spm.tenancy.constraints.CompositeForeignKey(field='territory', name='planning_territoryassignment_territory_fk', to='planning.Territory'), spm.tenancy.constraints.NoOverlap(keys=['position', 'territory'], name='planning_territoryassignment_no_overlap'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='planning_ta_ordered')],
            },
        ),
        migrations.CreateModel(
            name='Quota',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('valid_from', models.DateField()),
                ('valid_to', models.DateField(blank=True, null=True)),
                ('measure', models.CharField(max_length=80)),
                ('amount', models.BigIntegerField()),
                ('amount_scale', models.PositiveSmallIntegerField(default=2)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('known_from', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('known_to', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('position', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='quotas', to='people.position')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='planning_quota_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='planning_quota_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='planning_quota_uid'), spm.tenancy.constraints.CompositeForeignKey(field='known_from', name='planning_quota_known_from_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='known_to', name='planning_quota_known_to_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='position', name='planning_quota_position_fk', to='people.Position'), spm.tenancy.constraints.NoOverlap(keys=['position', 'measure'], name='planning_quota_no_overlap'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', False), ('valid_to__gt', models.F('valid_from'))), name='planning_quota_ordered'), models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='planning_quota_positive')],
            },
        ),
    ]
