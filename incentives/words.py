"""Labels by which plans speak of currencies, accounts, contracts and roles, as codes; looked up when a plan names one."""

from __future__ import annotations

from django.db import connection

from incentives.loaders import role_codes
from spm.currencies.codes import currency_pack
from spm.sales.models import Account


class Currencies(dict[str, int]):
    """Any ISO code, packed."""

    def __missing__(self, code: str) -> int:
        return currency_pack(code)

    def get(self, code: str, default: int | None = None) -> int | None:  # type: ignore[override]
        try:
            return self[code]
        except ValueError:
            return default


class Roles(dict[str, int]):
    """Role of a split -> its code; read when a plan names one, as a payee's explanation seldom does."""

    def get(self, role: str, default: int | None = None) -> int | None:  # type: ignore[override]
        if not self:
            self.update(role_codes())
        return super().get(role, default)

    def __missing__(self, role: str) -> int:
        if self:
            raise KeyError(role)
        self.update(role_codes())
        return self[role]


class Contracts(dict[str, int]):
    """Number of a contract -> its code, made when a plan names one."""

    def __missing__(self, contract: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT hashtextextended(%s, 0) & 9223372036854775807", [contract])
            self[contract] = cursor.fetchone()[0]
        return self[contract]

    def get(self, contract: str, default: int | None = None) -> int | None:  # type: ignore[override]
        return self[contract] if contract else default


class Accounts(dict[str, int]):
    """External id -> account, looked up when a plan names one."""

    def __missing__(self, external_id: str) -> int:
        self[external_id] = Account.objects.filter(external_id=external_id).values_list("pk", flat=True).first() or -2
        return self[external_id]

    def get(self, external_id: str, default: int | None = None) -> int | None:  # type: ignore[override]
        found = self[external_id]
        return default if found == -2 else found
