"""The closed lists: which nodes of the tree, with which parts, and which functions a query may hold.

A node, part or word that is not listed is refused by name, so that syntax which a later version of the parser learns
is refused until someone has thought about it. Left out on purpose: whatever reads files, settings, sequences, the
clock or chance; table functions; lists, structs and lambdas; sampling; time travel; locks; hints.
"""

from sqlglot import exp

from shugang.policy.governed.reading import NotAllowed

_PARTS: dict[type[exp.Expression], str] = {
    # queries
    exp.Select: "expressions from_ joins where group having windows qualify order limit offset distinct with_",
    exp.Union: "this expression distinct order limit offset with_",
    exp.Intersect: "this expression distinct order limit offset with_",
    exp.Except: "this expression distinct order limit offset with_",
    exp.Subquery: "this alias",
    exp.With: "expressions",
    exp.CTE: "this alias materialized",
    exp.TableAlias: "this columns",
    exp.From: "this",
    exp.Join: "this on using method side kind",
    exp.Table: "this db alias",
    exp.Lateral: "this alias",
    exp.Values: "expressions alias",
    exp.Where: "this",
    exp.Group: "expressions all",
    exp.Rollup: "expressions",
    exp.Cube: "expressions",
    exp.GroupingSets: "expressions",
    exp.Having: "this",
    exp.Qualify: "this",
    exp.Order: "this expressions",
    exp.Ordered: "this desc nulls_first",
    exp.Limit: "expression",
    exp.Offset: "expression",
    exp.Distinct: "expressions on",
    exp.Star: "except_ replace",
    exp.Alias: "this alias",
    exp.Column: "this table",
    exp.Identifier: "this quoted",
    # values
    exp.Literal: "this is_string",
    exp.Boolean: "this",
    exp.Null: "",
    exp.Var: "this",
    exp.Interval: "this unit",
    exp.DataType: "this expressions",
    exp.DataTypeParam: "this",
    exp.Tuple: "expressions",
    exp.Paren: "this",
    # conditions and arithmetic
    exp.And: "this expression",
    exp.Or: "this expression",
    exp.Not: "this",
    exp.EQ: "this expression",
    exp.NEQ: "this expression",
    exp.GT: "this expression",
    exp.GTE: "this expression",
    exp.LT: "this expression",
    exp.LTE: "this expression",
    exp.NullSafeEQ: "this expression",
    exp.NullSafeNEQ: "this expression",
    exp.Is: "this expression",
    exp.Between: "this low high",
    exp.In: "this expressions query",
    exp.Exists: "this",
    exp.Like: "this expression negate",
    exp.ILike: "this expression negate",
    exp.SimilarTo: "this expression",
    exp.Escape: "this expression",
    exp.Add: "this expression",
    exp.Sub: "this expression",
    exp.Mul: "this expression",
    exp.Div: "this expression typed safe",
    exp.IntDiv: "this expression",
    exp.Mod: "this expression",
    exp.Neg: "this",
    exp.DPipe: "this expression safe",
    exp.BitwiseAnd: "this expression",
    exp.BitwiseOr: "this expression",
    exp.Case: "this ifs default",
    exp.If: "this true false",
    exp.Cast: "this to",
    exp.TryCast: "this to safe",
    # windows
    exp.Window: "this partition_by order spec alias over",
    exp.WindowSpec: "kind start start_side end end_side",
    exp.Filter: "this expression",
    exp.IgnoreNulls: "this",
    exp.RespectNulls: "this",
}
AGGREGATES: dict[str, tuple[type[exp.Expression], str]] = {
    "count": (exp.Count, "this expressions big_int"),
    "count_if": (exp.CountIf, "this"),
    "sum": (exp.Sum, "this"),
    "avg": (exp.Avg, "this"),
    "min": (exp.Min, "this"),
    "max": (exp.Max, "this"),
    "stddev": (exp.Stddev, "this"),
    "stddev_pop": (exp.StddevPop, "this"),
    "stddev_samp": (exp.StddevSamp, "this"),
    "variance": (exp.Variance, "this"),
    "var_pop": (exp.VariancePop, "this"),
    "median": (exp.Median, "this"),
    "mode": (exp.Mode, "this"),
    "quantile_cont": (exp.PercentileCont, "this expression"),
    "quantile_disc": (exp.PercentileDisc, "this expression"),
    "approx_count_distinct": (exp.ApproxDistinct, "this"),
    "bool_and": (exp.LogicalAnd, "this"),
    "bool_or": (exp.LogicalOr, "this"),
    "any_value": (exp.AnyValue, "this"),
    "first": (exp.First, "this"),
    "last": (exp.Last, "this"),
    "arg_min": (exp.ArgMin, "this expression"),
    "arg_max": (exp.ArgMax, "this expression"),
    "corr": (exp.Corr, "this expression"),
    "covar_pop": (exp.CovarPop, "this expression"),
    "covar_samp": (exp.CovarSamp, "this expression"),
    "string_agg": (exp.GroupConcat, "this separator"),
    "grouping": (exp.Grouping, "expressions"),
}
WINDOWS: dict[str, tuple[type[exp.Expression], str]] = {
    "row_number": (exp.RowNumber, ""),
    "rank": (exp.Rank, ""),
    "dense_rank": (exp.DenseRank, ""),
    "percent_rank": (exp.PercentRank, ""),
    "cume_dist": (exp.CumeDist, ""),
    "ntile": (exp.Ntile, "this"),
    "lag": (exp.Lag, "this offset default"),
    "lead": (exp.Lead, "this offset default"),
    "first_value": (exp.FirstValue, "this"),
    "last_value": (exp.LastValue, "this"),
    "nth_value": (exp.NthValue, "this offset"),
}
SCALARS: dict[str, tuple[type[exp.Expression], str]] = {
    "abs": (exp.Abs, "this"),
    "ceil": (exp.Ceil, "this"),
    "floor": (exp.Floor, "this"),
    "round": (exp.Round, "this decimals"),
    "trunc": (exp.Trunc, "this"),
    "sign": (exp.Sign, "this"),
    "sqrt": (exp.Sqrt, "this"),
    "exp": (exp.Exp, "this"),
    "ln": (exp.Ln, "this"),
    "log": (exp.Log, "this expression"),
    "power": (exp.Pow, "this expression"),
    "greatest": (exp.Greatest, "this expressions ignore_nulls"),
    "least": (exp.Least, "this expressions ignore_nulls"),
    "isnan": (exp.IsNan, "this"),
    "lower": (exp.Lower, "this"),
    "upper": (exp.Upper, "this"),
    "length": (exp.Length, "this"),
    "trim": (exp.Trim, "this position expression"),
    "substring": (exp.Substring, "this start length"),
    "left": (exp.Left, "this expression"),
    "right": (exp.Right, "this expression"),
    "replace": (exp.Replace, "this expression replacement"),
    "concat": (exp.Concat, "expressions safe coalesce"),
    "concat_ws": (exp.ConcatWs, "expressions safe coalesce"),
    "strpos": (exp.StrPosition, "this substr"),
    "contains": (exp.Contains, "this expression"),
    "starts_with": (exp.StartsWith, "this expression"),
    "ends_with": (exp.EndsWith, "this expression"),
    "lpad": (exp.Pad, "this expression fill_pattern is_left"),
    "reverse": (exp.Reverse, "this"),
    "split_part": (exp.SplitPart, "this delimiter part_index"),
    "regexp_matches": (exp.RegexpLike, "this expression"),
    "regexp_replace": (exp.RegexpReplace, "this expression replacement modifiers single_replace"),
    "regexp_extract": (exp.RegexpExtract, "this expression group null_if_pos_overflow"),
    "md5": (exp.MD5, "this"),
    "sha256": (exp.SHA2, "this length"),
    "coalesce": (exp.Coalesce, "this expressions"),
    "nullif": (exp.Nullif, "this expression"),
    "date_trunc": (exp.TimestampTrunc, "this unit"),
    "extract": (exp.Extract, "this expression"),
    "year": (exp.Year, "this"),
    "quarter": (exp.Quarter, "this"),
    "month": (exp.Month, "this"),
    "week": (exp.Week, "this"),
    "weekofyear": (exp.WeekOfYear, "this"),
    "day": (exp.Day, "this"),
    "hour": (exp.Hour, "this"),
    "minute": (exp.Minute, "this"),
    "second": (exp.Second, "this"),
    "dayofweek": (exp.DayOfWeek, "this"),
    "dayofmonth": (exp.DayOfMonth, "this"),
    "dayofyear": (exp.DayOfYear, "this"),
    "isodow": (exp.DayOfWeekIso, "this"),
    "date_diff": (exp.DateDiff, "this expression unit date_part_boundary"),
    "date_add": (exp.DateAdd, "this expression"),
    "last_day": (exp.LastDay, "this"),
    "strftime": (exp.TimeToStr, "this format"),
    "strptime": (exp.StrToTime, "this format"),
    "make_date": (exp.DateFromParts, "year month day"),
    "epoch": (exp.TimeToUnix, "this"),
    "monthname": (exp.Monthname, "this"),
    "dayname": (exp.Dayname, "this"),
    "date": (exp.Date, "this"),
}
# Functions that sqlglot keeps by name.
NAMED = frozenset({"isfinite", "prefix", "suffix", "date_part", "date_sub"})
UNITS = frozenset(
    [
        "YEAR",
        "QUARTER",
        "MONTH",
        "WEEK",
        "DAY",
        "HOUR",
        "MINUTE",
        "SECOND",
        "DOW",
        "ISODOW",
        "DOY",
        "ISOYEAR",
        "DECADE",
        "CENTURY",
        "EPOCH",
        "YEARS",
        "MONTHS",
        "WEEKS",
        "DAYS",
        "HOURS",
        "MINUTES",
        "SECONDS",
        "DAYOFWEEK",
        "DAYOFYEAR",
        "DAYOFWEEKISO",
        "DAYOFMONTH",
    ]
)
TYPES = frozenset(
    [
        "BOOLEAN",
        "TINYINT",
        "SMALLINT",
        "INT",
        "BIGINT",
        "INT128",
        "UTINYINT",
        "USMALLINT",
        "UINT",
        "UBIGINT",
        "FLOAT",
        "DOUBLE",
        "DECIMAL",
        "TEXT",
        "VARCHAR",
        "DATE",
        "TIME",
        "TIMESTAMPNTZ",
    ]
)
_WORDS: dict[tuple[type[exp.Expression], str], frozenset[str]] = {
    (exp.Join, "method"): frozenset({"NATURAL"}),
    (exp.Join, "side"): frozenset({"LEFT", "RIGHT", "FULL"}),
    (exp.Join, "kind"): frozenset({"INNER", "OUTER", "CROSS"}),
    (exp.Window, "over"): frozenset({"OVER"}),
    (exp.WindowSpec, "kind"): frozenset({"ROWS", "RANGE", "GROUPS"}),
    (exp.WindowSpec, "start"): frozenset({"UNBOUNDED", "CURRENT ROW"}),
    (exp.WindowSpec, "end"): frozenset({"UNBOUNDED", "CURRENT ROW"}),
    (exp.WindowSpec, "start_side"): frozenset({"PRECEDING", "FOLLOWING"}),
    (exp.WindowSpec, "end_side"): frozenset({"PRECEDING", "FOLLOWING"}),
    (exp.Trim, "position"): frozenset({"LEADING", "TRAILING"}),
    (exp.Var, "this"): UNITS,
}
_FREE = {(exp.Identifier, "this"), (exp.Literal, "this")}
_FUNCTIONS = {kind: parts for table in (AGGREGATES, WINDOWS, SCALARS) for kind, parts in table.values()}
NODES = {kind: frozenset(parts.split()) for kind, parts in (_PARTS | _FUNCTIONS).items()}
FUNCTION_NAMES = tuple(sorted({*AGGREGATES, *WINDOWS, *SCALARS, *NAMED}))
AGGREGATE_KINDS = tuple(kind for kind, _ in AGGREGATES.values())


def closed(tree: exp.Expression) -> None:
    """Refuse the first node, part or word of `tree` that is not listed."""
    for node in tree.walk():
        kind = type(node)
        if kind is exp.Anonymous:
            if node.name.lower() not in NAMED:
                raise NotAllowed("sql_function", node.name)
            continue
        if kind is exp.DataType:
            _type(node)
        parts = NODES.get(kind)
        if parts is None:
            raise _unlisted(node)
        for name, value in node.args.items():
            if value is None or value is False or value == []:
                continue
            if name not in parts:
                raise NotAllowed("sql_not_allowed", f"{kind.key} {name.rstrip('_')}")
            if isinstance(value, str) and (kind, name) not in _FREE:
                words = _WORDS.get((kind, name))
                if words is None or value.upper() not in words:
                    raise NotAllowed("sql_not_allowed", value)


def _type(node: exp.DataType) -> None:
    kind = node.this
    if not isinstance(kind, exp.DType) or kind.name not in TYPES:
        raise NotAllowed("sql_not_allowed", node.sql("duckdb"))


def _unlisted(node: exp.Expression) -> NotAllowed:
    if isinstance(node, exp.Func) and not isinstance(node, exp.Binary):
        return NotAllowed("sql_function", node.sql_name().lower())
    return NotAllowed("sql_not_allowed", node.key)
