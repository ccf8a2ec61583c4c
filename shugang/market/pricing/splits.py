"""Contribution splits of fused products: computed, kept, and frozen into every contract concluded later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..agreements.models import FusedProduct
from ..products.models import DataProduct
from ..products.services import own_product, require_supply
from . import contribution
from .models import ContributionSplit

MOST_ROWS, MOST_WORTH = 5000, 10**15


def _invalid(field: str, zh: str, en: str) -> Refusal:
    return Refusal("invalid_form", Text(zh, en), 422, {field: Text(zh, en)})


def _players(numbers: Sequence[str]) -> list[list[str]]:
    known = dict(Party.objects.filter(number__in=list(numbers), status="active").values_list("number", "name"))
    if not 2 <= len(numbers) <= contribution.MOST_PLAYERS or len(set(numbers)) != len(numbers):
        raise _invalid("players", f"请填写2至{contribution.MOST_PLAYERS}个不同的机构。",
                       f"Please name 2 to {contribution.MOST_PLAYERS} different parties.")  # fmt: skip
    strange = [n for n in numbers if n not in known]
    if strange:
        raise _invalid(
            "players", f"没有在营机构“{strange[0][:20]}”。", f"There is no active party “{strange[0][:20]}”."
        )
    return [[n, known[n]] for n in numbers]


def read_table(numbers: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """(coalition, whole value ≥ 0) of every row. Raises Refusal `invalid_form`."""
    place = {number: i for i, number in enumerate(numbers)}
    if not 1 <= len(rows) <= MOST_ROWS:
        raise _invalid("rows", f"取值表应有1至{MOST_ROWS}行。", f"The table has 1 to {MOST_ROWS} rows.")
    return [_row(place, n, row) for n, row in enumerate(rows, 1)]


def _row(place: Mapping[str, int], n: int, row: Mapping[str, Any]) -> tuple[int, int]:
    members, value = row.get("members"), row.get("value")
    named = isinstance(members, list) and bool(members) and all(isinstance(m, str) and m in place for m in members)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (named and whole and len(set(members or ())) == len(members or ()) and 0 <= int(value or 0) <= MOST_WORTH):
        raise _invalid("rows", f"取值表第{n}行须写明参与机构（来自名单、不重复）和不为负的整数值。",
                       f"Row {n} names parties of the list, each once, and a whole value not below 0.")  # fmt: skip
    return sum(1 << place[m] for m in members or ()), int(value or 0)


def compute(n: int, method: str, rows: Sequence[tuple[int, int]], seed: int) -> contribution.Shapley:
    """The values by the declared table (exact to 12 players, sampled beyond) or by metered uses (exact for all)."""
    if method == "metered":
        return contribution.metered(n, rows)
    table = dict(rows)
    if len(table) != len(rows):
        raise _invalid("rows", "同一组合出现了两次。", "The same coalition appears twice.")
    value = contribution.table_value(table)
    if n <= contribution.EXACT:
        return contribution.exact(n, value)
    return contribution.sampled(n, value, value((1 << n) - 1), seed)


@verb
def make_split(
    actor: Actor, product_number: str, players: Sequence[str], method: str, rows: Sequence[Mapping[str, Any]],
    remark: str, seed: int = 0,
) -> ContributionSplit:  # fmt: skip
    """Compute and keep what each provider contributes to one's own product; contracts concluded later freeze the shares.

    `method`: `table` (rows: the value of each declared coalition, v(S) the best within S) or `metered` (rows: what a use
    brought and which providers it needed). Raises Refusal `forbidden`, `not_found`, `invalid_form`.
    """
    require_supply(actor)
    product = own_product(actor, product_number, lock=True)
    if FusedProduct.objects.filter(product=product).exists():
        raise Refusal(
            "shares_agreed",
            Text(
                "这件产品的收益份额由融合开发合同约定，不另行计算。",
                "The shares of this product are those of its signed joint development; none are computed.",
            ),
            409,
        )
    if method not in ("table", "metered"):
        raise _invalid("method", "请选择按取值表还是按用量。", "Please choose the table or metered use.")
    if not 4 <= len(remark.strip()) <= 400:
        raise _invalid(
            "remark", "请写明取值的依据，4至400字。", "Please say in 4 to 400 characters where the values come from."
        )
    named, table = _players(players), read_table(players, rows)
    if not 0 <= seed < 2**53:
        raise _invalid("seed", "种子应为非负整数。", "The seed is a whole number not below 0.")
    found = compute(len(named), method, table, seed)
    worth = sum(found.values)
    if worth <= 0:
        raise _invalid("rows", "全体的价值应大于零。", "The whole must be worth more than 0.")
    row = ContributionSplit.objects.create(
        product=product, method=method if method == "metered" else "sampled" if found.samples else "exact", players=named,
        basis=[{"members": list(r["members"]), "value": r["value"]} for r in rows],
        values=[str(v) for v in found.values], shares=contribution.whole_shares(found.values), worth=int(worth),
        error=str(found.error), samples=found.samples, seed=found.seed, remark=remark.strip(), person_id=actor.person_id,
        made_at=clock.now(),
    )  # fmt: skip
    told = {"method": row.method, "shares": [[n, s] for (n, _), s in zip(named, row.shares, strict=True)]}
    emit("product.split_computed", actor, product.event_refs(), told)
    return row


def shares_of(product: DataProduct) -> list[tuple[str, int]]:
    """(party number, millionths) that a contract concluded now freezes; empty where the supplier earns alone. What the
    parties of a joint development signed goes before what the supplier computed."""
    fused = FusedProduct.objects.filter(product=product).select_related("agreement").first()
    if fused is not None:
        return [(number, share) for number, share in fused.agreement.content["shares"] if share]
    last = product.splits.order_by("-pk").first()
    if last is None:
        return []
    return [(number, share) for (number, _), share in zip(last.players, last.shares, strict=True) if share]
