"""How the sales record is kept: an object (identity by source and external id) and its append-only versions."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from spm.tenancy.base import TenantModelBase
from spm.tenancy.constraints import AppendOnly
from spm.tenancy.models import TenantForeignKey, TenantRow
from spm.tenancy.scope import current_tenant_id


class SalesObject(TenantRow):
    """Identity of a record in its source. Its address in URLs and API is source and external id, which the tenant already knows."""

    source = models.CharField(max_length=40)
    external_id = models.CharField(max_length=120)

    class Meta:
        abstract = True
        constraints = [models.UniqueConstraint(fields=["tenant", "source", "external_id"], name="%(app_label)s_%(class)s_src")]

    def __str__(self) -> str:
        return f"{self.source}:{self.external_id}"


class VersionBase(TenantModelBase):
    """Adds to each version table: append-only, one version per object and change set, and an index for reading by change set."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        meta = attrs.get("Meta")
        if any(isinstance(base, VersionBase) for base in bases) and not getattr(meta, "abstract", False):
            attrs["record"] = TenantForeignKey(attrs["versions_of"], related_name="versions", db_index=False)
            attrs["record"].creation_counter = -1000
            values = {key: value for key, value in (vars(meta).items() if meta else ()) if not key.startswith("__")}
            values["constraints"] = [
                AppendOnly(name="%(app_label)s_%(class)s_grow"),
                models.UniqueConstraint(fields=["tenant", "record", "change_set", "tombstone"], name="%(app_label)s_%(class)s_ver"),
                *values.get("constraints", []),
            ]
            values["indexes"] = [models.Index(fields=["tenant", "change_set"], name=f"sales_{name.lower()[:18]}_cs"), *values.get("indexes", [])]
            attrs["Meta"] = type("Meta", (), values)
        return super().__new__(mcs, name, bases, attrs, **kwargs)


class SalesVersion(TenantRow, metaclass=VersionBase):
    """What a change set said of a record. Never changed; a tombstone (1) says that the record is gone, or has left this payee or date."""

    referenced = False
    versions_of: ClassVar[str]

    # No key to the tenant itself: those to record and change set carry it, and a million rows pay for each key.
    tenant = models.ForeignKey(
        "tenancy.Tenant", on_delete=models.PROTECT, related_name="+", default=current_tenant_id, editable=False, db_index=False, db_constraint=False
    )
    change_set = TenantForeignKey("tenancy.ChangeSet", related_name="+", db_index=False)
    tombstone = models.SmallIntegerField(default=0)

    class Meta:
        abstract = True


class MoneyColumns(models.Model):
    """An amount at its source's scale: value = amount / 10 ** amount_scale, in the packed currency (spm.currencies.codes)."""

    amount = models.BigIntegerField(default=0)
    amount_scale = models.SmallIntegerField(default=2)
    currency_code = models.SmallIntegerField()

    class Meta:
        abstract = True
