"""What plans say of products: by code, category and subcategory, as the product records stood at a change number."""

from __future__ import annotations

import hashlib
from functools import cached_property

import numpy as np

from incentives.engine.contracts import IntColumn
from spm.sales.known import versions_known
from spm.sales.models import ProductVersion

_FIELDS = {"product": 2, "category": 3, "subcategory": 4}


class ProductWords:
    """Products as known at `number`, read when a plan first asks. A label of `product` is the product's code, or its id in its source."""

    def __init__(self, number: int) -> None:
        self.number = number

    @cached_property
    def rows(self) -> list[tuple[int, str, str, str, str]]:
        """(id, id in the source, code, category, subcategory) by id."""
        found = versions_known(ProductVersion, known_at=self.number).order_by("record_id")
        return list(found.values_list("record_id", "record__external_id", "code", "category", "subcategory"))

    @cached_property
    def _ids(self) -> IntColumn:
        return np.array([row[0] for row in self.rows], dtype=np.int64)

    @cached_property
    def _tables(self) -> dict[str, tuple[dict[str, int], IntColumn]]:
        found = {}
        for name, at in _FIELDS.items():
            texts = [str(row[at] or (row[1] if name == "product" else "")) for row in self.rows]
            labels = {label: code for code, label in enumerate(sorted(set(texts) - {""}))}
            found[name] = labels, np.array([labels.get(text, -1) for text in texts], dtype=np.int64)
        return found

    def codes(self, name: str, products: IntColumn) -> IntColumn:
        """The code of each product id under product, category or subcategory; -1 for none."""
        if not len(self._ids):
            return np.full(len(products), -1, dtype=np.int64)
        at = np.clip(np.searchsorted(self._ids, products), 0, len(self._ids) - 1)
        return np.where(self._ids[at] == products, self._tables[name][1][at], -1)

    def label_code(self, name: str, label: str) -> int | None:
        """The code of a label; a product can also be named by its id in its source. None where no product has it."""
        code = self._tables[name][0].get(label)
        if code is None and name == "product":
            row = next((i for i, found in enumerate(self.rows) if found[1] == label), None)
            code = None if row is None else int(self._tables[name][1][row])
        return code

    @cached_property
    def digest(self) -> str:
        """Fingerprint of all that plans can read of products."""
        return hashlib.sha256(repr(self.rows).encode()).hexdigest()


class ProductLabels(dict[str, int]):
    """Label -> code of product, category or subcategory, looked up when a plan names one."""

    def __init__(self, words: ProductWords, name: str) -> None:
        super().__init__()
        self._words, self._name = words, name

    def get(self, label: str, default: int | None = None) -> int | None:  # type: ignore[override]
        code = self._words.label_code(self._name, label)
        return default if code is None else code

    def __missing__(self, label: str) -> int:
        code = self._words.label_code(self._name, label)
        if code is None:
            raise KeyError(label)
        return code
