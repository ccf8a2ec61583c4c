"""A seeded generator of queries over people and orders: joins, subqueries, WITH that shadows, groups, windows, unions.

It writes text as a buyer would; every query is one that DuckDB accepts, so that the two answers can be compared.
"""

from random import Random

COLUMNS = {
    "people": {"id": "n", "name": "s", "city": "s", "age": "n", "joined": "d", "phone": "s", "score": "n"},
    "orders": {"id": "n", "person": "n", "amount": "n", "day": "d", "code": "s"},
}
LITERALS = {"n": ("0", "7", "25", "38.5"), "s": ("'SZ'", "'XX'", "'C3'", "'甲%'"), "d": ("date '2023-05-05'",)}
Scope = list[tuple[str, dict[str, str]]]


class Generator:
    def __init__(self, seed: int) -> None:
        self.r = Random(seed)
        self.made = 0

    def name(self) -> str:
        """Fresh or shadowing: names of tables, of columns, of nothing."""
        self.made += 1
        return self.r.choice(["people", "orders", "note", f"x{self.made}", f"x{self.made}", f'"X {self.made}"'])

    def query(self, depth: int = 0, outer: Scope | None = None, ctes: dict[str, dict[str, str]] | None = None) -> str:
        return self.select(depth, outer or [], dict(ctes or {}))[0]

    def select(self, depth: int, outer: Scope, ctes: dict[str, dict[str, str]]) -> tuple[str, dict[str, str]]:
        r, with_ = self.r, ""
        if depth < 2 and r.random() < 0.35:
            inner, shape = self.select(depth + 1, [], ctes)
            name = self.name()
            # Its own name inside means the outer one to us; DuckDB may call that circular, so it is left out.
            if f" {name} " not in inner + " ":
                with_, ctes = f"with {name} as ({inner}) ", ctes | {name: shape}
        scope, from_ = self.sources(depth, ctes)
        where = f" where {self.condition(scope + outer, depth, ctes)}" if r.random() < 0.6 else ""
        if r.random() < 0.3:
            text, shape = self.grouped(scope)
        else:
            text, shape = self.plain(scope, outer, depth, ctes)
        text = text.replace("<from>", f"{from_}{where}")
        if depth == 0 and r.random() < 0.2:
            text += f" union all {text}"
        return with_ + text, shape

    def sources(self, depth: int, ctes: dict[str, dict[str, str]]) -> tuple[Scope, str]:
        r = self.r
        scope: Scope = []
        parts: list[str] = []
        for place in range(r.choice([1, 1, 2, 2, 3]) if depth < 2 else 1):
            alias = f"t{depth}{place}"
            named = {**COLUMNS, **ctes}
            if depth < 2 and r.random() < 0.2:
                inner, shape = self.select(depth + 1, [], ctes)
                item = f"({inner}) {alias}"
            else:
                table = r.choice(list(named))
                shape, item = named[table], f"{table} {alias}"
            if not parts:
                parts.append(item)
            else:
                left_alias, left = r.choice(scope)
                kind = r.choice(["join", "left join", "full join"])
                pairs = [(a, b) for a, x in left.items() for b, y in shape.items() if x == y]
                on = [
                    f"{left_alias}.{a} = {alias}.{b}" for a, b in pairs if a in ("id", "person") or b in ("id", "age")
                ]
                parts.append(f"{kind} {item} on {r.choice(on) if on else 'false'}")
            scope.append((alias, shape))
        return scope, " from " + " ".join(parts)

    def column(self, scope: Scope, kind: str | None = None) -> tuple[str, str]:
        found = [(a, c, k) for a, columns in scope for c, k in columns.items() if kind in (None, k)]
        if not found:
            return self.r.choice(LITERALS[kind or "n"]), kind or "n"
        alias, column, kind = self.r.choice(found)
        return f"{alias}.{column}", kind

    def value(self, scope: Scope, kind: str) -> str:
        r = self.r
        text, _ = self.column(scope, kind)
        if kind == "n":
            return r.choice([text, f"({text} + 1)", f"coalesce({text}, 0)", f"abs({text})"])
        if kind == "s":
            return r.choice([text, f"upper({text})", f"left({text}, 2)", f"{text} || 'x'"])
        return r.choice([text, f"({text} + interval 1 month)"])

    def condition(self, scope: Scope, depth: int, ctes: dict[str, dict[str, str]]) -> str:
        r = self.r
        parts = []
        for _ in range(r.choice([1, 1, 2])):
            kind = r.choice("nsd")
            left = self.value(scope, kind)
            right = r.choice([r.choice(LITERALS[kind]), self.value(scope, kind)])
            parts.append(
                r.choice(
                    [
                        f"{left} {r.choice(['=', '<>', '>', '<='])} {right}",
                        f"not ({left} is null)",
                        f"{left} in ({right}, {right})",
                        f"{left} between {right} and {left}",
                    ]
                )
            )
        if depth < 2 and r.random() < 0.35:
            inner, _ = self.select(depth + 1, scope, ctes)
            parts.append(f"{r.choice(['exists', 'not exists'])} ({inner})")
        return f" {r.choice(['and', 'or'])} ".join(f"({part})" for part in parts)

    def plain(
        self, scope: Scope, outer: Scope, depth: int, ctes: dict[str, dict[str, str]]
    ) -> tuple[str, dict[str, str]]:
        r = self.r
        outputs, shape = [], {}
        if depth and len(scope) == 1 and r.random() < 0.3:
            return "select *<from>", dict(scope[0][1])
        for place in range(r.choice([1, 2, 3])):
            kind, name = r.choice("nsd"), f"{r.choice(['id', 'note', 'v'])}{place}"
            text = self.value(scope, kind)
            if kind == "n" and r.random() < 0.2:
                text = f"sum({text}) over (partition by {self.column(scope)[0]})"
            elif kind == "n" and depth < 2 and r.random() < 0.2:
                text = f"(select count(*) from {r.choice(list(COLUMNS))} q where q.id = {text})"
            elif r.random() < 0.2:
                text = f"case when {self.condition(scope, 2, ctes)} then {text} end"
            outputs.append(f"{text} as {name}")
            shape[name] = kind
        return f"select {r.choice(['', '', 'distinct '])}{', '.join(outputs)}<from>", shape

    def grouped(self, scope: Scope) -> tuple[str, dict[str, str]]:
        r = self.r
        key, kind = self.column(scope)
        number, _ = self.column(scope, "n")
        having = r.choice(["", " having count(*) > 1", f" having min({number}) is not null"])
        text = f"select {key} as k, count(*) as n, {r.choice(['sum', 'min', 'max'])}({number}) as m<from> group by {key}{having}"
        return text, {"k": kind, "n": "n", "m": "n"}
