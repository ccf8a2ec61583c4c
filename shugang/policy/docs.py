"""Prints `docs/terms.md` from the tables in force: `python -m shugang.policy.docs > docs/terms.md`."""

from collections.abc import Iterator

from shugang.policy.describing import ACTION_LABELS, ENVIRONMENT_LABELS, LABELS, NOTICE_LABELS, UNIT_LABELS
from shugang.policy.guarantees import GUARANTEE_LABELS, HELD, MODES
from shugang.policy.mask_catalogue import CATALOGUE
from shugang.policy.odrl import PROFILE, WRITTEN
from shugang.policy.priceplan import KINDS, REASONS
from shugang.policy.purposes import PURPOSES
from shugang.policy.refusals import REFUSALS
from shugang.policy.text import Text
from shugang.policy.vocabulary import OPERATORS

_INTRO = """# 条款与保障方式 / Terms and how they are held

本页由程序生成，请勿手工修改：`python -m shugang.policy.docs > docs/terms.md`。
Generated from the tables in force; do not edit by hand.

每一条款在每种交付方式下如何得到保障，签约之前即可看到。表中没有的组合不能发布，也不能签约。
People see how each term is held in each delivery mode before they sign. A combination that is missing here
can be neither published nor agreed to.
"""
_MEANINGS = {
    "prevented": Text("数据服务拒绝不符的请求", "the data service refuses what does not comply"),
    "metered": Text("逐次计量并据此计费", "counted and billed"),
    "attested": Text("由当事人签名声明", "stated and signed by the party"),
    "legal": Text("仅由合同约束", "held by the contract alone"),
}


def term_label(key: str) -> Text:
    """What a row of the table is called: the term, with its action or unit."""
    head, _, tail = key.partition(".")
    if not tail:
        return LABELS[head]
    parts = {
        "action": ACTION_LABELS,
        "quota": UNIT_LABELS,
        "environment": ENVIRONMENT_LABELS,
        "notify": NOTICE_LABELS,
    }
    part = parts[head][tail]
    return Text(f"{LABELS[head].zh}：{part.zh}", f"{LABELS[head].en}: {part.en}")


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _offered(key: str) -> bool:
    return any(mode in HELD[key] for mode in MODES)


def _cell(key: str, mode: str) -> str:
    if mode not in HELD[key]:
        return "不适用，拒绝 / refused"
    guarantee, how = HELD[key][mode]
    label = GUARANTEE_LABELS[guarantee]
    return f"**{label.zh} / {label.en}**<br>{how.zh}<br>{how.en}"


def lines() -> Iterator[str]:
    """The document, line by line."""
    yield _INTRO
    yield from (
        f"- **{GUARANTEE_LABELS[g].zh} / {GUARANTEE_LABELS[g].en}**：{m.zh} / {m.en}" for g, m in _MEANINGS.items()
    )
    yield ""
    yield _row("条款 / term", *(f"{mode.zh} / {mode.en}" for mode in MODES.values()))
    yield _row(*["---"] * (len(MODES) + 1))
    for key in filter(_offered, HELD):
        label = term_label(key)
        yield _row(f"{label.zh} / {label.en}<br>`{key}`", *(_cell(key, mode) for mode in MODES))
    yield "\n## ODRL\n"
    yield f"条款可导出为 ODRL 2.2 协议，档案 `{PROFILE}`，词汇见 `shugang/policy/data/odrl-context.jsonld`。"
    yield f"Terms are written as an ODRL 2.2 agreement under the profile `{PROFILE}`; its JSON-LD context is that file.\n"
    yield _row("条款 / term", "ODRL")
    yield _row("---", "---")
    yield from (_row(f"`{name}`", place) for name, place in WRITTEN.items())
    yield from _codes("用途 / Purposes", PURPOSES)
    yield from _codes("计价方式 / Price plans", KINDS)
    yield from _codes("计费原因 / Charge reasons", REASONS)
    yield "\n## 脱敏与条件 / Masks and conditions\n"
    yield "脱敏不等于匿名化。 A mask hides; it does not make data anonymous.\n"
    yield _row("函数 / function", "参数 / arguments", "字段类型 / column types", "说明 / what it does")
    yield _row("---", "---", "---", "---")
    for name, mask in CATALOGUE.items():
        title = f"{mask.title.zh} / {mask.title.en}<br>`{name}`"
        arguments = ", ".join(f"`{arg}`" for arg in mask.args) or "–"
        yield _row(title, arguments, ", ".join(mask.families), f"{mask.what.zh}<br>{mask.what.en}")
    yield f"\n条件 / conditions: {', '.join(f'`{operator}`' for operator in OPERATORS)}"
    yield "\n## 拒绝 / Refusals\n"
    yield _row("代码 / code", "HTTP", "说明 / message")
    yield _row("---", "---", "---")
    yield from (_row(f"`{code}`", str(status), f"{t.zh}<br>{t.en}") for code, (status, t) in REFUSALS.items())


def _codes(title: str, table: dict[str, Text]) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield _row("代码 / code", "中文", "English")
    yield _row("---", "---", "---")
    yield from (_row(f"`{code}`", text.zh, text.en) for code, text in table.items())


if __name__ == "__main__":
    print("\n".join(lines()))
