"""What must hold of a party's identity and roles before it is written."""

from __future__ import annotations

from collections.abc import Collection

from shugang.kernel.errors import Refusal
from shugang.policy.identifiers import USCC_ERRORS, check_uscc
from shugang.policy.text import Text

from .models import Party

ONE_WRONG = Text("有1处需要补正，请修改后再提交。", "One answer needs correction. Please mend it and submit again.")


def code(uscc: str) -> str:
    """The code, upper-cased. Raises Refusal `uscc_check` with the sentence for the field (GB 32100-2015)."""
    written = uscc.strip().upper()
    wrong = check_uscc(written)
    if wrong:
        raise Refusal("uscc_check", ONE_WRONG, 422, {"uscc": USCC_ERRORS[wrong]})
    return written


def free_code(uscc: str, party: Party | None = None) -> str:
    """The checked code, unless another party has it. Raises Refusal `uscc_check`, `party_exists`."""
    written = code(uscc)
    if Party.objects.filter(uscc=written).exclude(pk=party.pk if party else 0).exists():
        raise Refusal(
            "party_exists",
            Text(
                "这个机构已经申请或入驻，请由其管理员邀请您加入；如系他人冒用，请联系运营机构。",
                "This organisation has applied already. Please ask its manager for an invitation, or tell the venue "
                "operator if somebody else used its code.",
            ),
            409,
            {"uscc": Text("该代码已登记。", "This code is registered.")},
        )
    return written


def trading_roles(roles: Collection[str]) -> None:
    """Raises Refusal `roles_conflict`: who reviews products or models their prices may not supply them."""
    if "supplier" in roles and {"reviewer", "association"} & set(roles):
        raise Refusal(
            "roles_conflict",
            ONE_WRONG,
            422,
            {"roles": Text("第三方服务机构和行业协会须保持独立，不能同时申请供方。",
                           "Third-party reviewers and associations are independent and may not be suppliers as well.")},
        )  # fmt: skip
