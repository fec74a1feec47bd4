"""Loads AdventureWorks into a tenant through the ordinary import service, by the mapping documents beside this file."""

from __future__ import annotations

from pathlib import Path

from spm.imports.mapping import mapping_parse
from spm.imports.models import Batch
from spm.imports.readers import Source
from spm.imports.services import import_run
from spm.people.models import LegalEntity
from spm.tenancy.scope import tenant_scope

MAPPINGS = Path(__file__).parent / "mappings"
# What refers to another comes after it.
ORDER = (
    "payees", "positions", "assignments", "reporting_lines", "pay_terms", "periods", "quotas", "territories", "territory_history", "products", "accounts",
    "orders", "order_lines", "currency_rates", "ecb_rates",
)  # fmt: skip


def sources(shared_dir: Path, mapping_text: str) -> list[Source]:
    """The file that a mapping imports, and those that it looks up in."""
    mapping = mapping_parse(mapping_text)
    names = dict.fromkeys([mapping.file, *(rule["file"] for rule in mapping.lookups.values())])
    folders = [shared_dir / "data" / "adventureworks", shared_dir / "data" / "fx"]
    return [Source(name, path=next(folder / name for folder in folders if (folder / name).exists())) for name in names]


def load_one(tenant_id: int, shared_dir: Path, name: str, *, dry_run: bool = False) -> Batch:
    """Imports by one mapping document."""
    text = (MAPPINGS / f"{name}.yaml").read_text(encoding="utf-8")
    with tenant_scope(tenant_id):
        return import_run(mapping_text=text, files=sources(shared_dir, text), dry_run=dry_run)


def load(tenant_id: int, shared_dir: Path, *, only: tuple[str, ...] = ORDER) -> dict[str, Batch]:
    """Everything, in order; returns the batches by mapping name. Under 40 seconds on two cores."""
    with tenant_scope(tenant_id):
        LegalEntity.objects.get_or_create(code="adventure-works", defaults={"name": "Adventure Works Cycles", "country": "US", "currency": "USD"})
    return {name: load_one(tenant_id, shared_dir, name) for name in only}
