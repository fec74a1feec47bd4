"""What plans say of products: by code, category and subcategory, as the product records stood at a change number."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import cached_property

import numpy as np

from incentives.engine.contracts import OPEN_END, CategoryLink, IntColumn, day_number
from spm.sales.known import versions_known
from spm.sales.models import CategoryParent, ProductVersion
from spm.tenancy.changes import known_as_at

Row = tuple[int, str, str, str, str]
"""(id, id in the source, code, category, subcategory)"""
_FIELDS = {"product": 2, "category": 3, "subcategory": 4}


class ProductWords:
    """Products as known at `number`. A label of `product` is the product's code, or its id in its source.

    whole: read all of them when a plan first asks, else those of the lines that were loaded (one payee's); a label that none of
    these has is then carried by no line. Codes stay the same while more products are read.
    """

    def __init__(self, number: int, *, whole: bool = True) -> None:
        self.number, self.whole = number, whole
        self._rows: dict[int, Row] = {}
        self._seen: set[int] | None = None
        self._labels: dict[str, dict[str, int]] = {name: {} for name in _FIELDS}

    def _read(self, ids: Collection[int] | None) -> list[Row]:
        found = versions_known(ProductVersion, known_at=self.number).order_by("record_id")
        if ids is not None:
            found = found.filter(record_id__in=ids)
        return list(found.values_list("record_id", "record__external_id", "code", "category", "subcategory"))

    def _need(self, products: IntColumn) -> None:
        """Reads what is not read yet of these."""
        if self._seen is not None and self.whole:
            return
        wanted: set[int] = set() if self.whole else set(np.unique(products).tolist()) - (self._seen or set()) - {-1}
        if self._seen is not None and not wanted:
            return
        self._seen = (self._seen or set()) | wanted
        for row in self._read(None if self.whole else wanted):
            self._rows[row[0]] = row
            for name in _FIELDS:
                if label := _label(row, name):
                    self._labels[name].setdefault(label, len(self._labels[name]))

    def codes(self, name: str, products: IntColumn) -> IntColumn:
        """The code of each product id under product, category or subcategory; -1 for none."""
        self._need(products)
        ids, place = np.unique(products, return_inverse=True)
        labels = self._labels[name]
        found = [labels.get(_label(self._rows[key], name), -1) if key in self._rows else -1 for key in ids.tolist()]
        return np.array(found, dtype=np.int64)[place.reshape(-1)] if len(found) else products

    def label_code(self, name: str, label: str) -> int | None:
        """The code of a label; a product can also be named by its id in its source. None where no product has it."""
        if self._seen is None:
            self._need(np.empty(0, dtype=np.int64))
        code = self._labels[name].get(label)
        if code is None and name == "product":
            row = next((row for row in self._rows.values() if row[1] == label), None)
            code = None if row is None else self._labels[name][_label(row, name)]
        return code

    @cached_property
    def digest(self) -> str:
        """Fingerprint of all that plans can read of products."""
        return hashlib.sha256(repr(self._read(None)).encode()).hexdigest()


def categories_known(number: int) -> tuple[CategoryLink, ...]:
    """The tree of categories as known at a change number."""
    rows = known_as_at(CategoryParent.objects.all(), number).order_by("category", "valid_from").values_list("category", "parent", "valid_from", "valid_to")
    return tuple(CategoryLink(category, parent, day_number(start), OPEN_END if end is None else day_number(end)) for category, parent, start, end in rows)


def _label(row: Row, name: str) -> str:
    return str(row[_FIELDS[name]] or (row[1] if name == "product" else ""))


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
