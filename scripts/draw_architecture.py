"""Draw the house from the code: `python scripts/draw_architecture.py` writes docs/diagrams and the drawn parts of
docs/architecture.md; with `--check` it writes nothing and says which files are out of date.

Floors come from .importlinter, rooms from shugang.rooms, processes from shugang.commands, doors from the plane and the
planes' pages, procedures from the registry of the kernel, bills from settlement. Needs no database.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shugang.settings")
import django  # noqa: E402

django.setup()
import shugang.urls  # noqa: E402, F401  every door is imported, so everything that registers itself has done so
from shugang import rooms  # noqa: E402
from shugang.commands.processes import ROLES  # noqa: E402
from shugang.kernel import periodic, reactions  # noqa: E402
from shugang.kernel.actors import SENSITIVE_DUTIES  # noqa: E402
from shugang.kernel.procedure import EACH, ClockSpec, Procedure, Role, Transition, all_procedures  # noqa: E402
from shugang.parties.accounts.models import DUTY_LABELS  # noqa: E402
from shugang.policy.text import Text  # noqa: E402
from shugang.settlement.bills import lifecycle  # noqa: E402

DIAGRAMS = ROOT / "docs" / "diagrams"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
NOTE = (
    "本页由程序生成，请勿手工修改：`python scripts/draw_architecture.py`。\nDrawn from the code; do not edit by hand."
)
ROLE_WORK = {
    "control": Text("网站、接口、业务动作", "pages, API, verbs"),
    "plane": Text("按授权供数、拦截、计量", "serves under grants, refuses, meters"),
    "worker": Text("到期的计时与定时任务", "due clocks and periodic jobs"),
    "sequencer": Text("独自编号、签检查点", "alone numbers entries, signs checkpoints"),
}
WINGS = {
    "interop": Text("同一本目录，用CKAN、DCAT的话说", "the one catalogue in the words of CKAN and DCAT"),
    "publicdata": Text(
        "公共数据目录、一数一源、多源校核、共享开放、授权运营、场景",
        "public catalogue, sources, cross-check, sharing, authorised operation, scenarios",
    ),
    "portal": Text(
        "首页、工作台、事项页、全程追溯、日志的公开页面", "home, desk, case pages, traces, the log's public face"
    ),
    "market": Text("产品、上架、询价议价、合同、交易凭证", "products, listing, negotiation, contracts, trade vouchers"),
    "settlement": Text(
        "计费约定、计费、账单、账本、分账指令、对账", "charges, rating, bills, ledger, split orders, reconciliation"
    ),
    "assets": Text("数据资产登记、登记凭证、公开核验", "registration, certificates, public verification"),
    "delivery": Text("数据集、托管、连接、授权、数据面、计量", "datasets, vault, connectors, grants, planes, metering"),
    "parties": Text(
        "机构、人员与岗位、三员、签名密钥", "organisations, people and duties, administrators, signing keys"
    ),
    "kernel": Text(
        "程序、事项、事件、计时、权限范围、编号进程", "procedures, cases, events, clocks, scope, the sequencer"
    ),
    "ui": Text("版式、组件、菜单、双语、PDF文件", "layout, components, menu, languages, PDF documents"),
    "policy": Text(
        "条款、价格、金额、工作日、授权的编译（纯Python）", "terms, prices, money, working days, compiled grants; pure"
    ),
    "evidence": Text("存证日志（纯Python）", "the evidence log; pure"),
}
FLOWS = """\
    people["人 / people"] --> control
    program["需方程序 / buyer's program"] --> plane
    program --> site
    control --> db[("业务库 / control database")]
    control --> vault[("托管数据 / vault")]
    worker --> db
    sequencer --> db
    sequencer --> log[("存证日志文件 / log: tiles, checkpoint")]
    anyone["任何人 / anyone"] -->|"/log"| log
    plane -->|"签名请求：取授权包、交用量日志 / signed: bundle, journal"| control
    plane --> vault
    plane --> journal[("本节点用量日志 / its own journal")]
    site["供方现场节点 / plane at the supplier's site"] -->|"主动拨出 / dials out"| control
    site --> own[("供方自己的数据库，只读 / supplier's database, read only")]
    site --> sitejournal[("本节点用量日志 / its own journal")]"""


def both(text: Text) -> str:
    return f"{text.zh} / {text.en}"


def table(header: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def mermaid(body: str) -> str:
    return f"```mermaid\n{body}\n```"


def page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", NOTE, *[p for p in parts if p]]) + "\n"


# --- floors and rooms -----------------------------------------------------------------------------------------


def floors() -> list[list[str]]:
    """Top to bottom; packages of one floor stand together."""
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter", encoding="utf-8")
    lines = config["importlinter:contract:floors"]["layers"].split("\n")
    return [[name.strip() for name in line.split("|")] for line in lines if line.strip()]


def floor_diagram() -> str:
    wings = [[n.removeprefix("shugang.") for n in floor] for floor in floors()]
    lines = ["flowchart TB"]
    for i, floor in enumerate(wings):
        lines.append(f'    f{i}["{"  |  ".join(floor)}"]')
    lines += [f"    f{i} --> f{i + 1}" for i in range(len(wings) - 1)]
    return mermaid("\n".join(lines))


def wing_table() -> str:
    rows = []
    for floor in floors():
        for name in floor:
            if (ROOT / Path(*name.split("."))).is_dir():
                wing = name.removeprefix("shugang.")
                words = wing_words(wing)
                rows.append((f"`{wing}`", f"{words.zh}<br/>{words.en}", " ".join(wing_rooms(wing))))
    return table(("翼 / wing", "管什么 / what it is", "房间 / rooms"), rows)


def wing_words(wing: str) -> Text:
    if wing not in WINGS:
        raise SystemExit(f"scripts/draw_architecture.py: say in WINGS what {wing} is")
    return WINGS[wing]


def wing_rooms(wing: str) -> list[str]:
    found = [room.split(".")[1] for room in rooms.ROOMS if room.startswith(f"{wing}.")]
    return [*found, "plane"] if wing == "delivery" else found


# --- processes and doors --------------------------------------------------------------------------------------


def process_diagram() -> str:
    if set(ROLE_WORK) != set(ROLES):
        raise SystemExit(f"ROLE_WORK describes {sorted(ROLE_WORK)}, shugang serve runs {sorted(ROLES)}")
    lines = ["flowchart LR", '    subgraph serve["shugang serve"]']
    lines += [f'        {role}["{role}<br/>{ROLE_WORK[role].zh}<br/>{ROLE_WORK[role].en}"]' for role in ROLES]
    return mermaid("\n".join([*lines, "    end", FLOWS]))


def doors() -> str:
    from shugang.delivery.plane import app, files, sharing
    from shugang.delivery.planes import pages

    rows = [
        (f"`/{p.pattern}`", "control", Text("节点与平台之间，签名请求", "planes to platform, signed"))
        for p in pages.urlpatterns
    ]
    rows += [
        (f"`{sharing.PREFIX}`", "plane", Text("Delta Sharing 协议", "the Delta Sharing protocol")),
        (
            f"`{files.PREFIX}`",
            "plane",
            Text("共享表的文件，短时签名地址", "files of shared tables, short-lived signed addresses"),
        ),
        (f"`{app.LOOKUP}`", "plane", Text("接口产品：按键查一条", "API products: one record by its key")),
        (f"`{app.QUERY}`", "plane", Text("供方登记的参数化查询", "the supplier's parameterised query")),
        ("`/healthz` `/metrics`", "control, plane", Text("健康检查与指标", "health and metrics")),
    ]
    return table(("地址 / address", "进程 / process", "用途 / for"), [(a, p, both(t)) for a, p, t in rows])


def upward() -> str:
    rows = [(f"`{kind}`", ", ".join(f"`{name.removeprefix('shugang.')}`" for name in names))
            for kind, names in reactions.handlers().items()]  # fmt: skip
    return table(("下层事件 / event below", "上层处理 / handler above"), rows)


def jobs() -> str:
    return "、".join(f"`{name}`" for name in ["clocks", *[name for name, _ in periodic.jobs()]])


# --- procedures -----------------------------------------------------------------------------------------------


def safe(text: str) -> str:
    """Mermaid ends a label at a colon or semicolon of ASCII."""
    return text.replace(":", "：").replace(";", "；").replace('"', "”").replace("#", "＃")


def edge(step: Transition) -> str:
    mark = "⏱ " if automatic(step) else ""
    return safe(f"{mark}{both(step.label)}")


def automatic(step: Transition) -> bool:
    return all(role.capacity == "system" for role in step.by)


def state_diagram(spec: Procedure) -> str:
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{safe(s.label.zh)}<br/>{safe(s.label.en)}" as {s.name}' for s in spec.states]
    lines.append(f"    [*] --> {spec.opening.target}: {edge(spec.opening)}")
    lines += [f"    {source} --> {step.target}: {edge(step)}" for step in spec.transitions for source in step.sources]
    lines += [f"    {s.name} --> [*]" for s in spec.states if s.final]
    return mermaid("\n".join(lines))


def who(spec: Procedure, step: Transition) -> str:
    if automatic(step):
        return "系统 / the system"
    labels = dict(spec.capacities)
    said = "；".join(role_words(role, labels) for role in step.by)
    if step.quorum == EACH:
        said += "；各方各一次 / once by each"
    elif step.quorum != 1:
        said += f"；{step.quorum}人 / {step.quorum} people"
    if step.distinct_from:
        earlier = [t for t in spec.all_steps() if t.name in step.distinct_from]
        zh, en = "、".join(t.label.zh for t in earlier), ", ".join(t.label.en for t in earlier)
        said += f"；与“{zh}”不同人 / not who did “{en}”"
    return said + (" 🔑" if any(r.duty in SENSITIVE_DUTIES for r in step.by) else "")


def role_words(role: Role, labels: dict[str, Text]) -> str:
    capacity = labels.get(role.capacity, Text(role.capacity, role.capacity))
    duty = DUTY_LABELS.get(role.duty, Text("系统", "system"))
    return f"{capacity.zh}{duty.zh} / {capacity.en.lower()}'s {duty.en.lower()}"


def steps(spec: Procedure) -> str:
    names = {s.name: s.label for s in spec.states}
    rows = [
        (
            f"{both(t.label)} `{t.name}`",
            who(spec, t),
            "、".join(names[s].zh for s in t.sources) or "—",
            names[t.target].zh,
            clock_words(spec, t),
        )
        for t in spec.all_steps()
    ]
    return table(("步骤 / step", "谁办 / by", "从 / from", "到 / to", "计时 / clocks"), rows)


def clock_words(spec: Procedure, step: Transition) -> str:
    signs = (("▶", step.starts), ("■", step.stops), ("⏸", step.pauses), ("⏵", step.resumes))
    return " ".join(f"{sign}{spec.clock(name).label.zh}" for sign, names in signs for name in names)


def clocks(spec: Procedure) -> str:
    if not spec.clocks:
        return ""
    data = rules(spec.profile)
    rows = [(both(c.label), days(c, data), expiry(spec, c)) for c in spec.clocks]
    return table(("计时 / clock", "期限 / days", "到期 / when it ends"), rows)


def rules(code: str | None) -> dict[str, object]:
    """The newest committed version of a rule profile."""
    found = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(ROOT.glob("shugang/*/profiles/*.json"))]
    mine = sorted((p for p in found if p["code"] == code), key=lambda p: p["version"])
    return dict(mine[-1]["data"]) if mine else {}


def days(clock: ClockSpec, data: dict[str, object]) -> str:
    count = dict(data.get("clocks", {})).get(clock.days_key, "?")  # type: ignore[call-overload]
    unit = Text("个工作日", "working days") if clock.unit == "wd" else Text("日", "days")
    assumed = data.get("assumed", {})
    open_ = isinstance(assumed, dict) and bool({"clocks", f"clocks.{clock.days_key}"} & set(assumed))
    return f"{count}{unit.zh} / {count} {unit.en}" + ("（假定 / assumed）" if open_ else "")


def expiry(spec: Procedure, clock: ClockSpec) -> str:
    step = spec.transition(clock.on_expiry) if clock.on_expiry else None
    return both(step.label) if step else "只提醒 / shown as overdue"


def procedure_page(spec: Procedure) -> str:
    legend = (
        "▶ 开始 starts · ■ 停止 stops · ⏸ 暂停 pauses · ⏵ 继续 resumes · "
        "⏱ 系统按时或因事件自动办理 by the system · 🔑 需第二因素 needs a second factor"
    )
    facts = f"编号 / number `{spec.number_prefix}-…` · 规则档案 / rule profile `{spec.profile or '—'}`"
    return page(f"{both(spec.label)} `{spec.code}`", facts, state_diagram(spec), steps(spec), legend, clocks(spec))


def bill_page() -> str:
    lines = ["stateDiagram-v2"]
    lines += [
        f'    state "{safe(s.label.zh)}<br/>{safe(s.label.en)}" as {name}' for name, s in lifecycle.STATES.items()
    ]
    lines.append("    [*] --> draft: 计费 / Rate")
    lines += [f"    {s} --> {m.target}: {safe(both(m.label))}" for m in lifecycle.MOVES.values() for s in m.sources]
    lines += [f"    {name} --> [*]" for name in ("settled", "void")]
    return page("账单 / Bills `settlement.bills`", mermaid("\n".join(lines)))


def index() -> str:
    rows = [(f"[{both(p.label)}]({link(p.code)})", f"`{p.number_prefix}`", f"{len(p.states)}", f"{len(p.transitions) + 1}")
            for p in all_procedures()]  # fmt: skip
    return table(("程序 / procedure", "编号 / prefix", "状态 / states", "步骤 / steps"), rows)


def link(code: str) -> str:
    return f"{code}.md"


# --- writing --------------------------------------------------------------------------------------------------


def blocks() -> dict[str, str]:
    """What stands between `<!-- drawn: NAME -->` and `<!-- /drawn -->` on the architecture page."""
    return {
        "floors": floor_diagram(),
        "wings": wing_table(),
        "processes": process_diagram(),
        "doors": doors(),
        "upward": upward(),
        "procedures": index().replace("](", "](diagrams/"),
    }


def refreshed(text: str) -> str:
    for name, body in blocks().items():
        pattern = re.compile(rf"(<!-- drawn: {name} -->\n).*?(<!-- /drawn -->)", re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"docs/architecture.md has no place for “{name}”")
        text = pattern.sub(lambda m, body=body: f"{m[1]}{body}\n{m[2]}", text)
    return text


def documents() -> dict[Path, str]:
    """Every drawn file and its text."""
    found = {DIAGRAMS / link(spec.code): procedure_page(spec) for spec in all_procedures()}
    found[DIAGRAMS / "settlement.bills.md"] = bill_page()
    found[DIAGRAMS / "floors.md"] = page("楼层 / Floors", floor_diagram(), wing_table())
    found[DIAGRAMS / "processes.md"] = page(
        "进程 / Processes", process_diagram(), doors(), "定时任务 / periodic jobs：" + jobs(), upward()
    )
    found[DIAGRAMS / "README.md"] = page(
        "图 / Diagrams",
        "[楼层 / Floors](floors.md) · [进程 / Processes](processes.md) · [账单 / Bills](settlement.bills.md)",
        index(),
    )
    found[ARCHITECTURE] = refreshed(ARCHITECTURE.read_text(encoding="utf-8"))
    return found


def stale() -> list[Path]:
    """Files that are not what the code gives: changed, missing, or left over."""
    wanted = documents()
    wrong = [p for p, text in wanted.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    return [*wrong, *(p for p in DIAGRAMS.glob("*.md") if p not in wanted)]


def main() -> int:
    if "--check" in sys.argv[1:]:
        for path in stale():
            print(f"out of date: {path.relative_to(ROOT)}; run python scripts/draw_architecture.py")
        return 1 if stale() else 0
    wanted = documents()
    DIAGRAMS.mkdir(parents=True, exist_ok=True)
    for path in DIAGRAMS.glob("*.md"):
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
