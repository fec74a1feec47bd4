"""Base classes of tenant tables. Their metaclass adds the guards, so that a new table has them by existing."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.apps import apps
from django.db import models
from django.db.models.base import ModelBase

from spm.tenancy.constraints import CompositeForeignKey, NoOverlap, RowLevelSecurity, StatementKeys
from spm.tenancy.scope import current_tenant_id, required_tenant_id


class TenantQuerySet(models.QuerySet):
    """A queryset that is always filtered by the tenant in scope, beside the database's own policy."""


class TenantManager(models.Manager.from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """Fail-closed: reading without a scope raises ScopeMissing, never returns an empty answer."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(tenant_id=required_tenant_id())


class TenantForeignKey(models.ForeignKey):
    """A foreign key between tenant tables; the table gets FOREIGN KEY (tenant_id, column) REFERENCES target (tenant_id, id)."""

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        return name, path, args, kwargs


class TenantOneToOne(models.OneToOneField):
    """One-to-one between tenant tables. What is unique is (tenant, column), a constraint of the table: a unique index
    without the tenant would tell of rows that the policies hide."""

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)

    @property
    def unique(self) -> bool:
        """True where the ORM asks (it follows the relation backwards by it); in the models of a migration's state False,
        so that the schema editor makes no index without the tenant."""
        model = getattr(self, "model", None)
        return model is None or model._meta.apps is apps

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        return name, path, args, kwargs


def _label(field: models.ForeignKey, app_label_of: str) -> str:
    to = field.remote_field.model
    if to == "self":
        return "self"
    if isinstance(to, str):
        return to if "." in to else f"{app_label_of}.{to}"
    return to._meta.label


class TenantModelBase(ModelBase):
    """Adds to Meta.constraints of each concrete tenant model: policies, UNIQUE (tenant, id), composite keys, no overlap."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        meta = attrs.get("Meta")
        is_tenant = any(isinstance(base, TenantModelBase) for base in bases)
        if not is_tenant or getattr(meta, "abstract", False) or getattr(meta, "proxy", False):
            return super().__new__(mcs, name, bases, attrs, **kwargs)

        def inherited(attribute: str, default: Any) -> Any:
            if attribute in attrs:
                return attrs[attribute]
            return next((getattr(base, attribute) for base in bases if hasattr(base, attribute)), default)

        fields: dict[str, models.Field] = {}
        for base in reversed([b for parent in bases for b in parent.__mro__]):
            if hasattr(base, "_meta") and base._meta.abstract:
                fields.update({f.name: f for f in base._meta.local_fields})
        fields.update({key: value for key, value in attrs.items() if isinstance(value, models.Field)})

        prefix = "%(app_label)s_%(class)s"
        constraints: list[Any] = [RowLevelSecurity(name=f"{prefix}_rls", user_column=inherited("rls_user_column", None))]
        if inherited("referenced", True):
            constraints.append(models.UniqueConstraint(fields=["tenant", "id"], name=f"{prefix}_key"))
        if "uid" in fields:
            constraints.append(models.UniqueConstraint(fields=["tenant", "uid"], name=f"{prefix}_uid"))
        module_app = attrs["__module__"].rsplit(".models", 1)[0].rsplit(".", 1)[-1]
        app = getattr(meta, "app_label", module_app)
        by_statement = tuple(inherited("keys_by_statement", ()))
        if by_statement:
            constraints.append(StatementKeys(name=f"{prefix}_keys", fields=by_statement))
        for field_name, field in fields.items():
            if isinstance(field, TenantForeignKey | TenantOneToOne) and field_name not in by_statement:
                to = _label(field, app)
                to = f"{app}.{name}" if to == "self" else to
                constraints.append(CompositeForeignKey(name=f"{prefix}_{field_name}_fk", field=field_name, to=to))
            if isinstance(field, TenantOneToOne):
                constraints.append(models.UniqueConstraint(fields=["tenant", field_name], name=f"{prefix}_{field_name}_once"))
        keys = inherited("no_overlap_keys", ())
        if keys:
            constraints.append(NoOverlap(name=f"{prefix}_no_overlap", keys=list(keys)))
        own = list(getattr(meta, "constraints", []))
        namespace = {key: value for key, value in (vars(meta).items() if meta else ()) if not key.startswith("__")}
        # A Meta of our own ends Django's inheritance from abstract bases, so it is done here.
        indexes = list(namespace.get("indexes", []))
        for base in bases:
            base_meta = getattr(base, "_meta", None)
            if base_meta is not None and base_meta.abstract:
                constraints.extend(base_meta.constraints)
                indexes.extend(base_meta.indexes)
                if base_meta.ordering and "ordering" not in namespace:
                    namespace["ordering"] = base_meta.ordering
        namespace["indexes"] = indexes
        namespace["constraints"] = constraints + own
        attrs["Meta"] = type("Meta", (), namespace)
        return super().__new__(mcs, name, bases, attrs, **kwargs)


def tenant_by_keys() -> Any:
    """The tenant of a table with keys_by_statement: no key of its own, because the rows that its keys name are the tenant's."""
    return models.ForeignKey("tenancy.Tenant", on_delete=models.PROTECT, related_name="+", default=current_tenant_id, editable=False, db_index=False,
                             db_constraint=False)  # fmt: skip


class TenantRow(models.Model, metaclass=TenantModelBase):
    """A row of one tenant, without a public id: facts, lines, links. URLs and the API never show `id`."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey("tenancy.Tenant", on_delete=models.PROTECT, related_name="+", default=current_tenant_id, editable=False, db_index=False)

    objects = TenantManager()
    # False saves the unique index on (tenant, id) where nothing refers to the table.
    referenced: ClassVar[bool] = True
    rls_user_column: ClassVar[str | None] = None
    no_overlap_keys: ClassVar[tuple[str, ...]] = ()
    # Keys that are checked once per statement (StatementKeys): of tables that are filled by thousands of rows at a time, whose keys never change.
    keys_by_statement: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True


class TenantModel(TenantRow):
    """A row of one tenant that has an address: `uid` is random and the only id that leaves the server."""

    uid = models.UUIDField(default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class DatedModel(TenantModel):
    """A dated row whose history is kept: valid in [valid_from, valid_to), known from one change set to another.

    An edit retires the row (`known_to`, set once) and inserts a successor: see spm.tenancy.dated. A null end is open.
    """

    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    known_from = TenantForeignKey("tenancy.ChangeSet", related_name="+")
    known_to = TenantForeignKey("tenancy.ChangeSet", related_name="+", null=True, blank=True)

    class Meta:
        abstract = True
