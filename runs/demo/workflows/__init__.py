"""The demo workflows, from two steps in a row to one that survives a crash.

A good order to read them in: ``basics``, ``approvals``, ``documents``, ``loops``, ``refunds``,
``waits``, ``payments``, ``jobs``, ``carts``, ``contacts``, ``tickets``.
"""

from __future__ import annotations

from .approvals import batch_approval, order_approval
from .basics import greet_customer, tenant_echo
from .carts import shopping_cart
from .contacts import import_contacts
from .documents import document_pipeline
from .jobs import long_job, ship_order
from .loops import countdown
from .payments import flaky_payment
from .refunds import refund_payment, refund_request
from .tickets import ticket_triage
from .waits import nightly_report

__all__ = [
    "batch_approval",
    "countdown",
    "document_pipeline",
    "flaky_payment",
    "greet_customer",
    "import_contacts",
    "long_job",
    "nightly_report",
    "order_approval",
    "refund_payment",
    "refund_request",
    "ship_order",
    "shopping_cart",
    "tenant_echo",
    "ticket_triage",
]
