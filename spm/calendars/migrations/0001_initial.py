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
            name='FiscalCalendar',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('code', models.SlugField(max_length=63)),
                ('name', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('month', 'Months'), ('quarter', 'Quarters'), ('445', '4-4-5 weeks'), ('biweekly', 'Fourteen days'), ('semi_monthly', '1-15 and 16-end'), ('custom', 'Custom windows')], max_length=16)),
                ('year_start_month', models.PositiveSmallIntegerField(default=1)),
                ('is_default', models.BooleanField(default=False)),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='calendars_fiscalcalendar_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='calendars_fiscalcalendar_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='calendars_fiscalcalendar_uid'), models.UniqueConstraint(fields=('tenant', 'code'), name='calendars_calendar_code')],
            },
        ),
        migrations.CreateModel(
            name='Period',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('code', models.CharField(max_length=32)),
                ('starts', models.DateField()),
                ('ends', models.DateField()),
                ('quarter', models.CharField(blank=True, max_length=32)),
                ('year', models.CharField(max_length=32)),
                ('calendar', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='periods', to='calendars.fiscalcalendar')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'ordering': ['starts'],
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='calendars_period_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='calendars_period_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='calendars_period_uid'), spm.tenancy.constraints.CompositeForeignKey(field='calendar', name='calendars_period_calendar_fk', to='calendars.FiscalCalendar'), models.UniqueConstraint(fields=('tenant', 'calendar', 'code'), name='calendars_period_code'), models.UniqueConstraint(fields=('tenant', 'calendar', 'starts'), name='calendars_period_starts'), models.CheckConstraint(condition=models.Q(('ends__gt', models.F('starts'))), name='calendars_period_ordered')],
            },
        ),
    ]
