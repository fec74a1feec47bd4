import django.db.models.deletion
import spm.tenancy.base
import spm.tenancy.constraints
import spm.tenancy.scope
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('people', '0001_initial'),
        ('tenancy', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=120)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_account_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='sales_account_key'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='sales_account_src')],
            },
        ),
        migrations.CreateModel(
            name='AccountVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('tombstone', models.SmallIntegerField(default=0)),
                ('name', models.CharField(max_length=300)),
                ('industry', models.CharField(blank=True, max_length=120)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('region', models.CharField(blank=True, max_length=80)),
                ('employees', models.IntegerField(blank=True, null=True)),
                ('attributes', models.JSONField(blank=True, default=dict)),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('owner', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.payee')),
                ('parent', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.account')),
                ('record', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='sales.account')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'change_set'], name='sales_accountversion_cs')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_accountversion_rls'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_accountversion_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='parent', name='sales_accountversion_parent_fk', to='sales.Account'), spm.tenancy.constraints.CompositeForeignKey(field='owner', name='sales_accountversion_owner_fk', to='people.Payee'), spm.tenancy.constraints.CompositeForeignKey(field='record', name='sales_accountversion_record_fk', to='sales.Account'), spm.tenancy.constraints.AppendOnly(name='sales_accountversion_grow'), models.UniqueConstraint(fields=('tenant', 'record', 'change_set', 'tombstone'), name='sales_accountversion_ver')],
            },
        ),
        migrations.CreateModel(
            name='Activity',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=120)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_activity_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='sales_activity_key'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='sales_activity_src')],
            },
        ),
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=120)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_campaign_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='sales_campaign_key'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='sales_campaign_src')],
            },
        ),
        migrations.CreateModel(
            name='CampaignVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('tombstone', models.SmallIntegerField(default=0)),
                ('name', models.CharField(max_length=300)),
                ('kind', models.CharField(blank=True, max_length=80)),
                ('starts_on', models.DateField(blank=True, null=True)),
                ('ends_on', models.DateField(blank=True, null=True)),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('record', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='sales.campaign')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'change_set'], name='sales_campaignversion_cs')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_campaignversion_rls'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_campaignversion_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='record', name='sales_campaignversion_record_fk', to='sales.Campaign'), spm.tenancy.constraints.AppendOnly(name='sales_campaignversion_grow'), models.UniqueConstraint(fields=('tenant', 'record', 'change_set', 'tombstone'), name='sales_campaignversion_ver')],
            },
        ),
        migrations.CreateModel(
            name='Invoice',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=120)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_invoice_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='sales_invoice_key'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='sales_invoice_src')],
            },
        ),
        migrations.CreateModel(
            name='KpiValue',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=120)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_kpivalue_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='sales_kpivalue_key'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='sales_kpivalue_src')],
            },
        ),
        migrations.CreateModel(
            name='KpiValueVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('tombstone', models.SmallIntegerField(default=0)),
                ('kpi', models.CharField(max_length=80)),
                ('measured_on', models.DateField()),
                ('value', models.BigIntegerField()),
                ('value_scale', models.SmallIntegerField(default=2)),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('payee', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.payee')),
                ('record', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='sales.kpivalue')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'change_set'], name='sales_kpivalueversion_cs')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_kpivalueversion_rls'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_kpivalueversion_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='payee', name='sales_kpivalueversion_payee_fk', to='people.Payee'), spm.tenancy.constraints.CompositeForeignKey(field='record', name='sales_kpivalueversion_record_fk', to='sales.KpiValue'), spm.tenancy.constraints.AppendOnly(name='sales_kpivalueversion_grow'), models.UniqueConstraint(fields=('tenant', 'record', 'change_set', 'tombstone'), name='sales_kpivalueversion_ver')],
            },
        ),
        migrations.CreateModel(
            name='Lead',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=120)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_lead_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='sales_lead_key'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='sales_lead_src')],
            },
        ),
        migrations.CreateModel(
            name='LeadVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('tombstone', models.SmallIntegerField(default=0)),
                ('company', models.CharField(blank=True, max_length=300)),
                ('status', models.CharField(blank=True, max_length=80)),
                ('lead_source', models.CharField(blank=True, max_length=80)),
                ('created_on', models.DateField()),
                ('converted_on', models.DateField(blank=True, null=True)),
                ('campaign', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.campaign')),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('owner', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.payee')),
                ('record', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='sales.lead')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'change_set'], name='sales_leadversion_cs')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_leadversion_rls'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_leadversion_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='owner', name='sales_leadversion_owner_fk', to='people.Payee'), spm.tenancy.constraints.CompositeForeignKey(field='campaign', name='sales_leadversion_campaign_fk', to='sales.Campaign'), spm.tenancy.constraints.CompositeForeignKey(field='record', name='sales_leadversion_record_fk', to='sales.Lead'), spm.tenancy.constraints.AppendOnly(name='sales_leadversion_grow'), models.UniqueConstraint(fields=('tenant', 'record', 'change_set', 'tombstone'), name='sales_leadversion_ver')],
            },
        ),
        migrations.CreateModel(
            name='Opportunity',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=120)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_opportunity_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='sales_opportunity_key'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='sales_opportunity_src')],
            },
        ),
        migrations.CreateModel(
            name='ActivityVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('tombstone', models.SmallIntegerField(default=0)),
                ('kind', models.CharField(max_length=20)),
                ('happened_at', models.DateTimeField()),
                ('duration_seconds', models.IntegerField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, max_length=80)),
                ('subject', models.CharField(blank=True, max_length=300)),
                ('account', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.account')),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('payee', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.payee')),
                ('record', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='sales.activity')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
                ('opportunity', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.opportunity')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'change_set'], name='sales_activityversion_cs')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_activityversion_rls'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_activityversion_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='payee', name='sales_activityversion_payee_fk', to='people.Payee'), spm.tenancy.constraints.CompositeForeignKey(field='account', name='sales_activityversion_account_fk', to='sales.Account'), spm.tenancy.constraints.CompositeForeignKey(field='opportunity', name='sales_activityversion_opportunity_fk', to='sales.Opportunity'), spm.tenancy.constraints.CompositeForeignKey(field='record', name='sales_activityversion_record_fk', to='sales.Activity'), spm.tenancy.constraints.AppendOnly(name='sales_activityversion_grow'), models.UniqueConstraint(fields=('tenant', 'record', 'change_set', 'tombstone'), name='sales_activityversion_ver')],
            },
        ),
        migrations.CreateModel(
            name='OpportunityVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('tombstone', models.SmallIntegerField(default=0)),
                ('amount', models.BigIntegerField(default=0)),
                ('amount_scale', models.SmallIntegerField(default=2)),
                ('currency_code', models.SmallIntegerField()),
                ('name', models.CharField(max_length=300)),
                ('stage', models.CharField(max_length=80)),
                ('forecast_category', models.CharField(blank=True, max_length=40)),
                ('probability_ppm', models.IntegerField(default=0)),
                ('is_closed', models.BooleanField(default=False)),
                ('is_won', models.BooleanField(default=False)),
                ('created_on', models.DateField(blank=True, null=True)),
                ('close_date', models.DateField()),
                ('kind', models.SmallIntegerField(choices=[(0, 'Not stated'), (1, 'New'), (2, 'Renewal'), (3, 'Expansion'), (4, 'Contraction'), (5, 'Usage'), (6, 'One-off')], default=0)),
                ('lead_source', models.CharField(blank=True, max_length=80)),
                ('account', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.account')),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('owner', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.payee')),
                ('record', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='sales.opportunity')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'change_set'], name='sales_opportunityversion_cs')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_opportunityversion_rls'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_opportunityversion_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='account', name='sales_opportunityversion_account_fk', to='sales.Account'), spm.tenancy.constraints.CompositeForeignKey(field='owner', name='sales_opportunityversion_owner_fk', to='people.Payee'), spm.tenancy.constraints.CompositeForeignKey(field='record', name='sales_opportunityversion_record_fk', to='sales.Opportunity'), spm.tenancy.constraints.AppendOnly(name='sales_opportunityversion_grow'), models.UniqueConstraint(fields=('tenant', 'record', 'change_set', 'tombstone'), name='sales_opportunityversion_ver')],
            },
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=120)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_order_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='sales_order_key'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='sales_order_src')],
            },
        ),
        migrations.CreateModel(
            name='InvoiceVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('tombstone', models.SmallIntegerField(default=0)),
                ('amount', models.BigIntegerField(default=0)),
                ('amount_scale', models.SmallIntegerField(default=2)),
                ('currency_code', models.SmallIntegerField()),
                ('number', models.CharField(blank=True, max_length=80)),
                ('invoice_date', models.DateField()),
                ('due_date', models.DateField(blank=True, null=True)),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('record', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='sales.invoice')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
                ('order', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.order')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'change_set'], name='sales_invoiceversion_cs')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_invoiceversion_rls'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_invoiceversion_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='order', name='sales_invoiceversion_order_fk', to='sales.Order'), spm.tenancy.constraints.CompositeForeignKey(field='record', name='sales_invoiceversion_record_fk', to='sales.Invoice'), spm.tenancy.constraints.AppendOnly(name='sales_invoiceversion_grow'), models.UniqueConstraint(fields=('tenant', 'record', 'change_set', 'tombstone'), name='sales_invoiceversion_ver')],
            },
        ),
        migrations.CreateModel(
            name='OrderLine',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=120)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_orderline_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='sales_orderline_key'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='sales_orderline_src')],
            },
        ),
        migrations.CreateModel(
            name='OrderSplit',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('quota_share_ppm', models.IntegerField()),
                ('pay_share_ppm', models.IntegerField()),
                ('role', models.CharField(blank=True, max_length=40)),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('order', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='splits', to='sales.order')),
                ('payee', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.payee')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'payee', 'order', 'change_set'], name='sales_ordersplit_payee')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_ordersplit_rls'), spm.tenancy.constraints.CompositeForeignKey(field='order', name='sales_ordersplit_order_fk', to='sales.Order'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_ordersplit_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='payee', name='sales_ordersplit_payee_fk', to='people.Payee'), spm.tenancy.constraints.AppendOnly(name='sales_ordersplit_grow'), models.UniqueConstraint(fields=('tenant', 'order', 'change_set', 'payee'), name='sales_ordersplit_once')],
            },
        ),
        migrations.CreateModel(
            name='OrderVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('tombstone', models.SmallIntegerField(default=0)),
                ('amount', models.BigIntegerField(default=0)),
                ('amount_scale', models.SmallIntegerField(default=2)),
                ('currency_code', models.SmallIntegerField()),
                ('number', models.CharField(blank=True, max_length=80)),
                ('order_date', models.DateField()),
                ('kind', models.SmallIntegerField(choices=[(0, 'Not stated'), (1, 'New'), (2, 'Renewal'), (3, 'Expansion'), (4, 'Contraction'), (5, 'Usage'), (6, 'One-off')], default=0)),
                ('channel', models.SmallIntegerField(choices=[(0, 'Not stated'), (1, 'Direct'), (2, 'Online'), (3, 'Partner')], default=0)),
                ('status', models.SmallIntegerField(choices=[(0, 'Open'), (1, 'Booked'), (2, 'Shipped'), (3, 'Cancelled')], default=1)),
                ('has_splits', models.SmallIntegerField(default=0)),
                ('region', models.CharField(blank=True, max_length=80)),
                ('account', spm.tenancy.base.TenantForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.account')),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('payee', spm.tenancy.base.TenantForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.payee')),
                ('record', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='sales.order')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'change_set'], name='sales_orderversion_cs'), models.Index(fields=['tenant', 'payee', 'order_date', 'record', 'change_set'], include=('amount', 'amount_scale', 'currency_code', 'kind', 'channel', 'status', 'account', 'has_splits', 'tombstone'), name='sales_orderversion_engine')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_orderversion_rls'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_orderversion_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='payee', name='sales_orderversion_payee_fk', to='people.Payee'), spm.tenancy.constraints.CompositeForeignKey(field='account', name='sales_orderversion_account_fk', to='sales.Account'), spm.tenancy.constraints.CompositeForeignKey(field='record', name='sales_orderversion_record_fk', to='sales.Order'), spm.tenancy.constraints.AppendOnly(name='sales_orderversion_grow'), models.UniqueConstraint(fields=('tenant', 'record', 'change_set', 'tombstone'), name='sales_orderversion_ver')],
            },
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=120)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_payment_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='sales_payment_key'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='sales_payment_src')],
            },
        ),
        migrations.CreateModel(
            name='PaymentVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('tombstone', models.SmallIntegerField(default=0)),
                ('amount', models.BigIntegerField(default=0)),
                ('amount_scale', models.SmallIntegerField(default=2)),
                ('currency_code', models.SmallIntegerField()),
                ('paid_on', models.DateField()),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('invoice', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.invoice')),
                ('order', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.order')),
                ('record', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='sales.payment')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'change_set'], name='sales_paymentversion_cs')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_paymentversion_rls'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_paymentversion_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='invoice', name='sales_paymentversion_invoice_fk', to='sales.Invoice'), spm.tenancy.constraints.CompositeForeignKey(field='order', name='sales_paymentversion_order_fk', to='sales.Order'), spm.tenancy.constraints.CompositeForeignKey(field='record', name='sales_paymentversion_record_fk', to='sales.Payment'), spm.tenancy.constraints.AppendOnly(name='sales_paymentversion_grow'), models.UniqueConstraint(fields=('tenant', 'record', 'change_set', 'tombstone'), name='sales_paymentversion_ver')],
            },
        ),
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=120)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_product_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='sales_product_key'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='sales_product_src')],
            },
        ),
        migrations.CreateModel(
            name='OrderLineVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('tombstone', models.SmallIntegerField(default=0)),
                ('amount', models.BigIntegerField(default=0)),
                ('amount_scale', models.SmallIntegerField(default=2)),
                ('currency_code', models.SmallIntegerField()),
                ('line_number', models.IntegerField(default=0)),
                ('order_date', models.DateField()),
                ('quantity', models.BigIntegerField(default=10000)),
                ('unit_price', models.BigIntegerField(default=0)),
                ('cost', models.BigIntegerField(blank=True, null=True)),
                ('kind', models.SmallIntegerField(choices=[(0, 'Not stated'), (1, 'New'), (2, 'Renewal'), (3, 'Expansion'), (4, 'Contraction'), (5, 'Usage'), (6, 'One-off')], default=0)),
                ('contract', models.CharField(blank=True, max_length=120)),
                ('service_from', models.DateField(blank=True, null=True)),
                ('service_to', models.DateField(blank=True, null=True)),
                ('tcv', models.BigIntegerField(blank=True, null=True)),
                ('acv', models.BigIntegerField(blank=True, null=True)),
                ('arr_change', models.BigIntegerField(blank=True, null=True)),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('order', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.order')),
                ('payee', spm.tenancy.base.TenantForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.payee')),
                ('predecessor', spm.tenancy.base.TenantForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.orderline')),
                ('record', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='sales.orderline')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
                ('product', spm.tenancy.base.TenantForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.product')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'change_set'], name='sales_orderlineversion_cs'), models.Index(fields=['tenant', 'payee', 'order_date', 'record', 'change_set'], include=('amount', 'amount_scale', 'currency_code', 'kind', 'quantity', 'product', 'order', 'tombstone'), name='sales_lineversion_engine'), models.Index(fields=['tenant', 'order'], name='sales_lineversion_order')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_orderlineversion_rls'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_orderlineversion_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='order', name='sales_orderlineversion_order_fk', to='sales.Order'), spm.tenancy.constraints.CompositeForeignKey(field='payee', name='sales_orderlineversion_payee_fk', to='people.Payee'), spm.tenancy.constraints.CompositeForeignKey(field='product', name='sales_orderlineversion_product_fk', to='sales.Product'), spm.tenancy.constraints.CompositeForeignKey(field='predecessor', name='sales_orderlineversion_predecessor_fk', to='sales.OrderLine'), spm.tenancy.constraints.CompositeForeignKey(field='record', name='sales_orderlineversion_record_fk', to='sales.OrderLine'), spm.tenancy.constraints.AppendOnly(name='sales_orderlineversion_grow'), models.UniqueConstraint(fields=('tenant', 'record', 'change_set', 'tombstone'), name='sales_orderlineversion_ver')],
            },
        ),
        migrations.CreateModel(
            name='ProductVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('tombstone', models.SmallIntegerField(default=0)),
                ('name', models.CharField(max_length=300)),
                ('code', models.CharField(blank=True, max_length=120)),
                ('category', models.CharField(blank=True, max_length=120)),
                ('subcategory', models.CharField(blank=True, max_length=120)),
                ('is_active', models.BooleanField(default=True)),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('record', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='sales.product')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'change_set'], name='sales_productversion_cs')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_productversion_rls'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_productversion_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='record', name='sales_productversion_record_fk', to='sales.Product'), spm.tenancy.constraints.AppendOnly(name='sales_productversion_grow'), models.UniqueConstraint(fields=('tenant', 'record', 'change_set', 'tombstone'), name='sales_productversion_ver')],
            },
        ),
        migrations.CreateModel(
            name='Return',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=120)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_return_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='sales_return_key'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='sales_return_src')],
            },
        ),
        migrations.CreateModel(
            name='ReturnVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('tombstone', models.SmallIntegerField(default=0)),
                ('amount', models.BigIntegerField(default=0)),
                ('amount_scale', models.SmallIntegerField(default=2)),
                ('currency_code', models.SmallIntegerField()),
                ('returned_on', models.DateField()),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('line', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.orderline')),
                ('order', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.order')),
                ('record', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='sales.return')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'change_set'], name='sales_returnversion_cs')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_returnversion_rls'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_returnversion_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='order', name='sales_returnversion_order_fk', to='sales.Order'), spm.tenancy.constraints.CompositeForeignKey(field='line', name='sales_returnversion_line_fk', to='sales.OrderLine'), spm.tenancy.constraints.CompositeForeignKey(field='record', name='sales_returnversion_record_fk', to='sales.Return'), spm.tenancy.constraints.AppendOnly(name='sales_returnversion_grow'), models.UniqueConstraint(fields=('tenant', 'record', 'change_set', 'tombstone'), name='sales_returnversion_ver')],
            },
        ),
        migrations.CreateModel(
            name='SupportCase',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=120)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_supportcase_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='sales_supportcase_key'), models.UniqueConstraint(fields=('tenant', 'source', 'external_id'), name='sales_supportcase_src')],
            },
        ),
        migrations.CreateModel(
            name='SupportCaseVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('tombstone', models.SmallIntegerField(default=0)),
                ('subject', models.CharField(blank=True, max_length=300)),
                ('status', models.CharField(blank=True, max_length=80)),
                ('priority', models.CharField(blank=True, max_length=40)),
                ('opened_on', models.DateField()),
                ('closed_on', models.DateField(blank=True, null=True)),
                ('account', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.account')),
                ('change_set', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.changeset')),
                ('record', spm.tenancy.base.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='sales.supportcase')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'change_set'], name='sales_supportcaseversion_cs')],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='sales_supportcaseversion_rls'), spm.tenancy.constraints.CompositeForeignKey(field='change_set', name='sales_supportcaseversion_change_set_fk', to='tenancy.ChangeSet'), spm.tenancy.constraints.CompositeForeignKey(field='account', name='sales_supportcaseversion_account_fk', to='sales.Account'), spm.tenancy.constraints.CompositeForeignKey(field='record', name='sales_supportcaseversion_record_fk', to='sales.SupportCase'), spm.tenancy.constraints.AppendOnly(name='sales_supportcaseversion_grow'), models.UniqueConstraint(fields=('tenant', 'record', 'change_set', 'tombstone'), name='sales_supportcaseversion_ver')],
            },
        ),
    ]
