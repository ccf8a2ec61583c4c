"""The quality coefficient: weights by the analytic hierarchy process, grades by fuzzy evaluation, scores by Delphi.

《数据资产评估指导意见》(中评协〔2023〕17号) asks for accuracy, consistency, completeness, conformity, timeliness and
accessibility, and names 层次分析法, 模糊综合评价法 and 德尔菲法. Random indices: T. L. Saaty, n = 1…10.
Ratios and weights are binary fractions (a root is taken anyway), given back as decimals of 6 places.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from shugang.policy.text import Text

from .inputs import BadInput

DIMENSIONS = {
    "accuracy": Text("准确性", "Accuracy"),
    "consistency": Text("一致性", "Consistency"),
    "completeness": Text("完整性", "Completeness"),
    "conformity": Text("规范性", "Conformity"),
    "timeliness": Text("时效性", "Timeliness"),
    "accessibility": Text("可访问性", "Accessibility"),
}
RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
CR_LIMIT = 0.1
LEAST_EXPERTS = 5
MOST_VARIATION = 0.25  # coefficient of variation above which the experts have not agreed


@dataclass(frozen=True)
class Hierarchy:
    """Weights that sum to 1, the principal eigenvalue, CI = (λmax − n)/(n − 1), CR = CI/RI."""

    weights: tuple[float, ...]
    eigenvalue: float
    ci: float
    cr: float


def _check_matrix(matrix: Sequence[Sequence[Fraction]]) -> int:
    n = len(matrix)
    if not 2 <= n <= len(RANDOM_INDEX) or any(len(row) != n for row in matrix):
        raise BadInput("not_square", "判断矩阵须为2至10阶方阵。", "The matrix must be square, of order 2 to 10.")
    for i in range(n):
        if matrix[i][i] != 1:
            raise BadInput("diagonal", f"判断矩阵第{i + 1}行对角线应为1。", f"The diagonal of row {i + 1} must be 1.")
        for j in range(n):
            if not Fraction(1, 10) < matrix[i][j] <= 9:
                raise BadInput("scale", "判断矩阵的值应在1/9至9之间。", "Judgements lie between 1/9 and 9.")
            if abs(matrix[i][j] * matrix[j][i] - 1) > Fraction(2, 100):
                raise BadInput(
                    "not_reciprocal",
                    f"判断矩阵第{i + 1}行第{j + 1}列与第{j + 1}行第{i + 1}列不互为倒数。",
                    f"Cells ({i + 1},{j + 1}) and ({j + 1},{i + 1}) are not reciprocal.",
                )
    return n


def hierarchy(matrix: Sequence[Sequence[Fraction]], limit: float = CR_LIMIT) -> Hierarchy:
    """层次分析法: principal eigenvector by power iteration. Raises BadInput `inconsistent` when CR ≥ `limit`."""
    n = _check_matrix(matrix)
    rows = [[float(x) for x in row] for row in matrix]
    weights = [1 / n] * n
    for _ in range(500):
        raised = [sum(a * w for a, w in zip(row, weights, strict=True)) for row in rows]
        size = sum(raised)
        following = [x / size for x in raised]
        moved = max(abs(a - b) for a, b in zip(following, weights, strict=True))
        weights = following
        if moved < 1e-14:
            break
    eigenvalue = sum(sum(a * w for a, w in zip(row, weights, strict=True)) for row in rows)
    ci = max(0.0, (eigenvalue - n) / (n - 1))
    index = RANDOM_INDEX[n - 1]
    cr = ci / index if index else 0.0
    if cr >= limit:
        raise BadInput(
            "inconsistent",
            f"一致性比例CR＝{cr:.3f}，不小于{limit}，判断前后矛盾，请调整判断矩阵。",
            f"The consistency ratio is {cr:.3f}, not below {limit}: the judgements contradict each other; mend the matrix.",
        )
    return Hierarchy(tuple(weights), eigenvalue, ci, cr)


def _unit(value: Fraction, what: Text) -> Fraction:
    if not 0 <= value <= 1:
        raise BadInput("score_out_of_range", f"{what.zh}应在0至1之间。", f"{what.en} must lie between 0 and 1.")
    return value


def weighted(weights: Sequence[float], scores: Sequence[Fraction]) -> Decimal:
    """Σ w_k·s_k with scores in [0, 1]."""
    if len(weights) != len(scores):
        raise BadInput("scores_missing", "每个质量维度须有一个得分。", "Each dimension needs a score.")
    return _decimal(sum(w * float(_unit(s, Text("得分", "A score"))) for w, s in zip(weights, scores, strict=True)))


def fuzzy(weights: Sequence[float], memberships: Sequence[Sequence[Fraction]], grades: Sequence[Fraction]) -> Decimal:
    """模糊综合评价: B = W·R, the result Σ_j B_j·v_j; each row of R holds memberships of the grades v and sums to 1."""
    if len(memberships) != len(weights):
        raise BadInput("scores_missing", "每个质量维度须有一行隶属度。", "Each dimension needs a row of memberships.")
    result = 0.0
    for k, (weight, row) in enumerate(zip(weights, memberships, strict=True), 1):
        if len(row) != len(grades) or abs(sum(row, Fraction(0)) - 1) > Fraction(1, 1000):
            raise BadInput(
                "memberships",
                f"第{k}行隶属度须有{len(grades)}个且合计为1。",
                f"Row {k} needs {len(grades)} memberships that sum to 1.",
            )
        result += weight * sum(
            float(_unit(m, Text("隶属度", "A membership")) * v) for m, v in zip(row, grades, strict=True)
        )
    return _decimal(result)


@dataclass(frozen=True)
class Opinion:
    """Means of the experts' scores for each dimension, and the coefficient of variation of each."""

    means: tuple[Fraction, ...]
    variations: tuple[float, ...]


def delphi(scores: Sequence[Sequence[Fraction]], least: int = LEAST_EXPERTS, most: float = MOST_VARIATION) -> Opinion:
    """德尔菲法: one row an expert, one column a dimension. Raises BadInput `too_few_experts`, `no_agreement`."""
    if len(scores) < least:
        raise BadInput("too_few_experts", f"德尔菲法至少需要{least}位专家。", f"Delphi needs at least {least} experts.")
    if len({len(row) for row in scores}) != 1:
        raise BadInput("scores_missing", "每位专家须对每个维度打分。", "Every expert scores every dimension.")
    means, variations = [], []
    for k, column in enumerate(zip(*scores, strict=True), 1):
        mean = sum((_unit(s, Text("得分", "A score")) for s in column), Fraction(0)) / len(column)
        deviation = math.sqrt(float(sum(((s - mean) ** 2 for s in column), Fraction(0))) / (len(column) - 1))
        variation = deviation / float(mean) if mean else 0.0
        if variation > most:
            raise BadInput(
                "no_agreement",
                f"第{k}个维度的变异系数为{variation:.2f}，超过{most}，意见尚未收敛，请再征询一轮。",
                f"Dimension {k} varies by {variation:.2f}, above {most}: no agreement yet; ask another round.",
            )
        means.append(mean)
        variations.append(variation)
    return Opinion(tuple(means), tuple(variations))


def _decimal(value: float) -> Decimal:
    return Decimal(f"{value:.6f}")
