import django.db.models.deletion
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
            name='LegalEntity',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('code', models.SlugField(max_length=63)),
                ('name', models.CharField(max_length=200)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('currency', models.CharField(max_length=3)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='people_legalentity_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='people_legalentity_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='people_legalentity_uid'), models.UniqueConstraint(fields=('tenant', 'code'), name='people_entity_code')],
            },
        ),
        migrations.CreateModel(
            name='Payee',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('kind', models.CharField(choices=[('person', 'Person'), ('partner', 'Partner')], default='person', max_length=8)),
                ('source', models.SlugField(default='manual', max_length=40)),
                ('external_id', models.CharField(max_length=80)),
                ('pay_group', models.SlugField(default='monthly', max_length=40)),
                ('pay_currency', models.CharField(max_length=3)),
                ('erased_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('legal_entity', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payees', to='people.legalentity')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='people_payee_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='people_payee_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='people_payee_uid'), spm.tenancy.constraints.CompositeForeignKey(field='legal_entity', name='people_payee_legal_entity_fk', to='people.LegalEntity'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='people_payee_source')],
            },
        ),
        migrations.CreateModel(
            name='Employment',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('valid_from', models.DateField()),
                ('valid_to', models.DateField(blank=True, null=True)),
                ('status', models.CharField(choices=[('active', 'Active'), ('leave', 'On leave'), ('notice', 'Notice given')], default='active', max_length=8)),
                ('known_from', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('known_to', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
                ('payee', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='employments', to='people.payee')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='people_employment_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='people_employment_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='people_employment_uid'), spm.tenancy.constraints.CompositeForeignKey(field='known_from', name='people_employment_known_from_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='known_to', name='people_employment_known_to_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='payee', name='people_employment_payee_fk', to='people.Payee'), spm.tenancy.constraints.NoOverlap(keys=['payee'], name='people_employment_no_overlap'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='people_employment_ordered')],
            },
        ),
        migrations.CreateModel(
            name='PersonDetail',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('display_name', models.CharField(max_length=200)),
                ('given_name', models.CharField(blank=True, max_length=100)),
                ('family_name', models.CharField(blank=True, max_length=100)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('phone', models.CharField(blank=True, max_length=40)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('payee', spm.tenancy.base.TenantOneToOne(on_delete=django.db.models.deletion.PROTECT, related_name='detail', to='people.payee')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='people_persondetail_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='people_persondetail_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='people_persondetail_uid'), spm.tenancy.constraints.CompositeForeignKey(field='payee', name='people_persondetail_payee_fk', to='people.Payee')],
            },
        ),
        migrations.CreateModel(
            name='Position',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('code', models.CharField(max_length=80)),
                ('title', models.CharField(max_length=200)),
                ('source', models.SlugField(default='manual', max_length=40)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='people_position_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='people_position_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='people_position_uid'), models.UniqueConstraint(fields=('tenant', 'code'), name='people_position_code')],
            },
        ),
        migrations.CreateModel(
            name='ReportingLine',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('valid_from', models.DateField()),
                ('valid_to', models.DateField(blank=True, null=True)),
                ('known_from', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('known_to', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('manager', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='direct_reports', to='people.position')),
                ('position', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports_to', to='people.position')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='people_reportingline_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='people_reportingline_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='people_reportingline_uid'), spm.tenancy.constraints.CompositeForeignKey(field='known_from', name='people_reportingline_known_from_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='known_to', name='people_reportingline_known_to_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='position', name='people_reportingline_position_fk', to='people.Position'), spm.tenancy.constraints.CompositeForeignKey(field='manager', name='people_reportingline_manager_fk', to='people.Position'), spm.tenancy.constraints.NoOverlap(keys=['position'], name='people_reportingline_no_overlap'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='people_line_ordered'), models.CheckConstraint(condition=models.Q(('position', models.F('manager')), _negated=True), name='people_line_not_self')],
            },
        ),
        migrations.CreateModel(
            name='Seat',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('payee', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='seats', to='people.payee')),
                ('position', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='seats', to='people.position')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='people_seat_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='people_seat_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='people_seat_uid'), spm.tenancy.constraints.CompositeForeignKey(field='payee', name='people_seat_payee_fk', to='people.Payee'), spm.tenancy.constraints.CompositeForeignKey(field='position', name='people_seat_position_fk', to='people.Position'), models.UniqueConstraint(fields=('tenant', 'payee', 'position'), name='people_seat_once')],
            },
        ),
        migrations.CreateModel(
            name='PayTerms',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('valid_from', models.DateField()),
                ('valid_to', models.DateField(blank=True, null=True)),
                ('currency', models.CharField(max_length=3)),
                ('target_incentive', models.BigIntegerField(default=0)),
                ('ote', models.BigIntegerField(default=0)),
                ('amount_scale', models.PositiveSmallIntegerField(default=2)),
                ('attributes', models.JSONField(blank=True, default=dict)),
                ('known_from', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('known_to', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
                ('seat', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pay_terms', to='people.seat')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='people_payterms_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='people_payterms_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='people_payterms_uid'), spm.tenancy.constraints.CompositeForeignKey(field='known_from', name='people_payterms_known_from_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='known_to', name='people_payterms_known_to_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='seat', name='people_payterms_seat_fk', to='people.Seat'), spm.tenancy.constraints.NoOverlap(keys=['seat'], name='people_payterms_no_overlap'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='people_payterms_ordered')],
            },
        ),
        migrations.CreateModel(
            name='Assignment',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('valid_from', models.DateField()),
                ('valid_to', models.DateField(blank=True, null=True)),
                ('fte_ppm', models.IntegerField(default=1000000)),
                ('known_from', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('known_to', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
                ('payee', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='people.payee')),
                ('position', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='people.position')),
                ('seat', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='spans', to='people.seat')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='people_assignment_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='people_assignment_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='people_assignment_uid'), spm.tenancy.constraints.CompositeForeignKey(field='known_from', name='people_assignment_known_from_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='known_to', name='people_assignment_known_to_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='payee', name='people_assignment_payee_fk', to='people.Payee'), spm.tenancy.constraints.CompositeForeignKey(field='position', name='people_assignment_position_fk', to='people.Position'), spm.tenancy.constraints.CompositeForeignKey(field='seat', name='people_assignment_seat_fk', to='people.Seat'), spm.tenancy.constraints.NoOverlap(keys=['payee', 'position'], name='people_assignment_no_overlap'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='people_assignment_ordered'), models.CheckConstraint(condition=models.Q(('fte_ppm__gt', 0), ('fte_ppm__lte', 1000000)), name='people_assignment_fte')],
            },
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('code', models.SlugField(max_length=63)),
                ('name', models.CharField(max_length=200)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='people_team_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='people_team_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='people_team_uid'), models.UniqueConstraint(fields=('tenant', 'code'), name='people_team_code')],
            },
        ),
        migrations.CreateModel(
            name='TeamMembership',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('valid_from', models.DateField()),
                ('valid_to', models.DateField(blank=True, null=True)),
                ('known_from', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('known_to', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('position', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='team_memberships', to='people.position')),
                ('team', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='members', to='people.team')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='people_teammembership_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='people_teammembership_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='people_teammembership_uid'), spm.tenancy.constraints.CompositeForeignKey(field='known_from', name='people_teammembership_known_from_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='known_to', name='people_teammembership_known_to_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='position', name='people_teammembership_position_fk', to='people.Position'), spm.tenancy.constraints.CompositeForeignKey(field='team', name='people_teammembership_team_fk', to='people.Team'), spm.tenancy.constraints.NoOverlap(keys=['position', 'team'], name='people_teammembership_no_overlap'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='people_teammember_ordered')],
            },
        ),
    ]
