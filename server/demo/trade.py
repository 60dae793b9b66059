"""Thirty days of sales over the counter, with their lines, payments and stock. No input or output here."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from server.demo.records import Rows, Value

_METHODS = ("CONTACTLESS", "CARD", "CASH", "ACCOUNT")
_EVERYDAY = Decimal(12)  # pounds; what costs more is not bought with every round


@dataclass(frozen=True, slots=True)
class Visit:
    """A finished table session: its key, who played (a customer's key), when it ended."""

    session: str
    customer: str | None
    ended: datetime


@dataclass(slots=True)
class Counter:
    """The bar: makes up a sale for each instant it is given, from what and whom it knows."""

    chance: random.Random
    cuid: Callable[[datetime], str]
    staff: Sequence[str]
    customers: Sequence[str]
    products: Sequence[tuple[str, Decimal]]
    sales: list[tuple[Value, ...]] = field(default_factory=list)
    lines: list[tuple[Value, ...]] = field(default_factory=list)
    payments: list[tuple[Value, ...]] = field(default_factory=list)
    stock: list[tuple[Value, ...]] = field(default_factory=list)

    def sell(self, opened: datetime, *, visit: Visit | None, until: datetime) -> None:
        """Sell one to four things at `opened`, billed to `visit` if given, paid before `until`."""
        key = self.cuid(opened)
        who = visit.customer if visit else self._anyone()
        closed = min(opened + timedelta(seconds=self.chance.randrange(40, 1500)), until)
        total = Decimal(0)
        for number in range(1, self.chance.choices((2, 3, 4, 5), (40, 30, 20, 10))[0]):
            product, price = self._wanted()
            quantity = self.chance.choices((1, 2, 3, 4), (60, 25, 10, 5))[0] if price < _EVERYDAY else 1
            discount = Decimal("0.50") if not self.chance.randrange(25) else Decimal(0)
            note = (
                self.chance.choice(("no ice", "extra hot", "to table 4"))
                if not self.chance.randrange(12)
                else None
            )
            total += price * quantity - discount
            self.lines.append((key, number, product, quantity, price, discount, note))
            self.stock.append((self.cuid(closed), product, None, key, "SALE", -quantity, closed))
        clerk = self.chance.choice(self.staff)
        receipt = f"{opened:%y%m%d-%H%M%S}{len(self.sales) % 1000:03}"
        session = visit.session if visit else None
        self.sales.append((key, receipt, "PAID", clerk, who, session, total, opened, closed))
        method = self.chance.choices(_METHODS, (45, 25, 24, 6))[0]
        reference = f"{self.chance.randrange(16**8):08X}" if method in ("CARD", "CONTACTLESS") else None
        self.payments.append((self.cuid(closed), key, method, total, reference, closed))

    def deliver(self, at: datetime) -> None:
        """Book a delivery of every product, enough for some weeks."""
        for product, price in self.products:
            crates = self.chance.randrange(4, 12) * 24 if price < _EVERYDAY else self.chance.randrange(2, 8)
            self.stock.append((self.cuid(at), product, self.staff[1], None, "DELIVERY", crates, at))

    def rows(self) -> list[Rows]:
        """Return everything sold so far, parents before children."""
        sale = ("id", "receipt", "status", "employeeId", "customerId", "sessionId", "total")
        line = ("saleId", "lineNo", "productId", "quantity", "unitPrice", "discount", "note")
        payment = ("id", "saleId", "method", "amount", "reference", "paidAt")
        stock = ("id", "productId", "employeeId", "saleId", "reason", "quantity", "createdAt")
        return [
            Rows("Sale", (*sale, "openedAt", "closedAt"), self.sales),
            Rows("SaleItem", line, self.lines),
            Rows("Payment", payment, self.payments),
            Rows("StockMovement", stock, self.stock),
        ]

    def _anyone(self) -> str | None:
        return self.chance.choice(self.customers) if not self.chance.randrange(3) else None

    def _wanted(self) -> tuple[str, Decimal]:
        product = self.chance.choice(self.products)
        if product[1] >= _EVERYDAY:
            product = self.chance.choice(self.products)
        return product
