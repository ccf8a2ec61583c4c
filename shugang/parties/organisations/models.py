"""Parties: the organisations of the market and what each is admitted as."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel
from shugang.policy.text import Text

ROLES = (
    "supplier", "buyer", "reviewer", "association", "regulator", "registrar", "operator", "department", "data_office"
)  # fmt: skip
# Named by the system administrator; all others are admitted by the procedure.
FOUNDED = ("operator", "registrar", "regulator", "department", "data_office")
ROLE_LABELS: dict[str, Text] = {
    "supplier": Text("供方（数据商）", "Supplier"),
    "buyer": Text("需方", "Buyer"),
    "reviewer": Text("第三方服务机构", "Third-party reviewer"),
    "association": Text("行业协会", "Trade association"),
    "regulator": Text("监管方", "Regulator"),
    "registrar": Text("登记机构", "Registrar"),
    "operator": Text("交易场所运营机构", "Venue operator"),
    "department": Text("政务部门或公共服务机构", "Department"),
    "data_office": Text("公共数据主管部门", "Public data office"),
}


class Party(ScopedModel):
    """An organisation. Roles are columns so that the database itself can forbid combinations of them."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        SUSPENDED = "suspended"
        EXITED = "exited"

    number = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    uscc = models.CharField(max_length=18, unique=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    is_supplier = models.BooleanField(default=False)
    is_buyer = models.BooleanField(default=False)
    is_reviewer = models.BooleanField(default=False)
    is_association = models.BooleanField(default=False)
    is_regulator = models.BooleanField(default=False)
    is_registrar = models.BooleanField(default=False)
    is_operator = models.BooleanField(default=False)
    is_department = models.BooleanField(default=False)
    is_data_office = models.BooleanField(default=False)
    legal_representative = models.CharField(max_length=60, blank=True)
    contact = models.CharField(max_length=60, blank=True)
    telephone = models.CharField(max_length=30, blank=True)
    address = models.CharField(max_length=200, blank=True)
    business = models.CharField(max_length=400, blank=True)
    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, null=True, related_name="+")
    demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    admitted_at = models.DateTimeField(null=True)

    class Meta:
        # 数据二十条: the venue keeps apart from trading; a registrar may not register its own data;
        # the regulator does neither.
        constraints = [
            models.CheckConstraint(
                condition=~(Q(Q(is_operator=True) | Q(is_registrar=True) | Q(is_regulator=True))
                            & Q(Q(is_supplier=True) | Q(is_buyer=True))),
                name="who_governs_does_not_trade",
            ),
            models.CheckConstraint(
                condition=~(Q(is_regulator=True) & Q(Q(is_operator=True) | Q(is_registrar=True) | Q(is_reviewer=True))),
                name="regulator_is_only_regulator",
            ),
            models.CheckConstraint(
                condition=~(Q(is_reviewer=True) & Q(Q(is_supplier=True) | Q(is_operator=True) | Q(is_registrar=True))),
                name="reviewer_is_independent",
            ),
            models.CheckConstraint(
                condition=~(Q(is_association=True) & Q(Q(is_supplier=True) | Q(is_operator=True) | Q(is_regulator=True))),
                name="association_models_no_price_of_its_own",
            ),
            # 公共数据 leaves a department by sharing, opening or authorised operation, never by its own sale.
            models.CheckConstraint(
                condition=~(Q(Q(is_department=True) | Q(is_data_office=True))
                            & Q(Q(is_supplier=True) | Q(is_buyer=True) | Q(is_operator=True))),
                name="public_bodies_do_not_trade",
            ),
        ]  # fmt: skip

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(pk=actor.party_id or 0)

    @classmethod
    def founded(cls) -> Q:
        """Those that govern or hold public data."""
        return reduce(or_, (Q(**{f"is_{role}": True}) for role in FOUNDED))

    @property
    def roles(self) -> frozenset[str]:
        """What the party is admitted as; nothing while it is not active."""
        if self.status != self.Status.ACTIVE:
            return frozenset()
        return frozenset(role for role in ROLES if getattr(self, f"is_{role}"))

    def __str__(self) -> str:
        return self.name
