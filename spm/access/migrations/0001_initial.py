import django.db.models.deletion
import spm.tenancy.base
import spm.tenancy.constraints
import spm.tenancy.scope
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('people', '0001_initial'),
        ('tenancy', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('email', models.EmailField(max_length=254, unique=True)),
                ('language', models.CharField(blank=True, max_length=8)),
                ('is_active', models.BooleanField(default=True)),
                ('is_staff', models.BooleanField(default=False)),
                ('date_joined', models.DateTimeField(auto_now_add=True)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('payee', spm.tenancy.base.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='people.payee')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='access_membership_rls', user_column='user_id'), models.UniqueConstraint(fields=('tenant', 'id'), name='access_membership_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='access_membership_uid'), spm.tenancy.constraints.CompositeForeignKey(field='payee', name='access_membership_payee_fk', to='people.Payee'), models.UniqueConstraint(fields=('tenant', 'user'), name='access_membership_once')],
            },
        ),
        migrations.CreateModel(
            name='RoleGrant',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('role', models.CharField(choices=[('rep', 'Rep'), ('manager', 'Manager'), ('comp_admin', 'Compensation admin'), ('planning_admin', 'Planning admin'), ('finance', 'Finance'), ('auditor', 'Auditor'), ('hr', 'HR'), ('tenant_admin', 'Tenant admin')], max_length=20)),
                ('granted_at', models.DateTimeField(auto_now_add=True)),
                ('granted_by_id', models.BigIntegerField(blank=True, null=True)),
                ('membership', spm.tenancy.base.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='access.membership')),
                ('tenant', models.ForeignKey(db_index=False, default=spm.tenancy.scope.current_tenant_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'constraints': [spm.tenancy.constraints.RowLevelSecurity(name='access_rolegrant_rls'), models.UniqueConstraint(fields=('tenant', 'id'), name='access_rolegrant_key'), models.UniqueConstraint(fields=('tenant', 'uid'), name='access_rolegrant_uid'), spm.tenancy.constraints.CompositeForeignKey(field='membership', name='access_rolegrant_membership_fk', to='access.Membership'), models.UniqueConstraint(fields=('tenant', 'membership', 'role'), name='access_rolegrant_once')],
            },
        ),
    ]
