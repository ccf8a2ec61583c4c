"""Cut Noto Sans CJK SC (OFL-1.1) down to the characters our documents may carry.

Kept: the 8,105 characters of 通用规范汉字表 (2013, 国发〔2013〕23号), read from Unihan's `kTGH` property; GB 2312;
ASCII, Latin-1 and tone-marked pinyin; CJK punctuation; full-width forms; a list of symbols. What the Chinese font
lacks of these (superscript and subscript figures, as in NO₂) is cut from Noto Sans.
Needs Debian's `fonts-noto-cjk`, `fonts-noto-core` and `unicode-data`, and fontTools (a development dependency).

    python scripts/cut_font.py            # writes the fonts and glyphs.txt into shugang/ui/fonts/
"""

from __future__ import annotations

import bz2
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

CHINESE = Path("/usr/share/fonts/opentype/noto")
LATIN = Path("/usr/share/fonts/truetype/noto")
UNIHAN = Path("/usr/share/unicode/Unihan_OtherMappings.txt.bz2")
TARGET = Path(__file__).resolve().parent.parent / "shugang" / "ui" / "fonts"
FAMILY = "Noto Sans CJK SC"
STANDARD_TABLE_SIZE = 8105

RANGES = [
    (0x20, 0x7E),
    (0xA0, 0xFF),
    (0x2010, 0x2027),
    (0x2030, 0x203B),
    (0x2070, 0x208E),
    (0x2190, 0x2199),
    (0x2460, 0x2473),
    (0x2474, 0x2487),
    (0x2500, 0x257F),
    (0x3000, 0x301F),
    (0x3220, 0x3229),
    (0xFF01, 0xFF5E),
    (0xFFE0, 0xFFE6),
]
SYMBOLS = (
    "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜü"
    "ΑΒΓΔΩαβγδεθλμπρσφω"
    "€№℃℉Å‰√∞≈≠≡≤≥∑∏∈∩∪∠⊥∥∵∴±×÷·…—–−°′″"
    "✓✗✔✘☐☑☒★☆●○◎◆◇■□▲△▼▽▶◀※〒〓♀♂㎡㎏㎜㎝㎞㏄々〇〆ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ"
)


def standard_table() -> set[int]:
    """Code points of 通用规范汉字表. Raises ValueError unless there are exactly 8,105."""
    with bz2.open(UNIHAN, "rt", encoding="utf-8") as lines:
        found = {int(p[0][2:], 16) for p in (line.split("\t") for line in lines) if len(p) > 1 and p[1] == "kTGH"}
    if len(found) != STANDARD_TABLE_SIZE:
        raise ValueError(f"Unihan kTGH has {len(found)} characters, the table has {STANDARD_TABLE_SIZE}")
    return found


def gb2312() -> set[int]:
    """Code points of GB 2312-80 (hanzi and its 682 symbols), through Python's own codec."""
    found: set[int] = set()
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                found.add(ord(bytes((high, low)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return found


def wanted() -> set[int]:
    points = standard_table() | gb2312() | {ord(c) for c in SYMBOLS}
    for first, last in RANGES:
        points.update(range(first, last + 1))
    return points


def chinese(style: str) -> TTFont:
    """The simplified-Chinese member of the collection, not its monospaced sister."""
    for font in TTCollection(str(CHINESE / f"NotoSansCJK-{style}.ttc")).fonts:
        family = font["name"].getDebugName(1)
        if family.startswith(FAMILY) and "Mono" not in family:
            return font
    raise ValueError(f"no {FAMILY} in the collection")


def cut(font: TTFont, target: Path, points: set[int]) -> set[int]:
    """Write one font and return the code points it really has."""
    options = subset.Options()
    options.layout_features = ["kern", "liga", "locl", "ccmp", "halt", "palt", "tnum"]
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.hinting = False
    options.drop_tables += ["BASE", "VORG", "vhea", "vmtx"]
    worker = subset.Subsetter(options)
    worker.populate(unicodes=points)
    worker.subset(font)
    font.save(target)
    covered = set(font.getBestCmap())
    print(f"{target.name}: {len(covered)} characters, {target.stat().st_size:,} bytes")
    return covered


def both(points: set[int], style: str) -> set[int]:
    """One weight: the Chinese font, and Noto Sans for what it lacks."""
    first = cut(chinese(style), TARGET / f"NotoSansCJKsc-{style}.otf", points)
    latin = TTFont(LATIN / f"NotoSans-{style}.ttf")
    return first | cut(latin, TARGET / f"NotoSans-{style}.ttf", points - first)


def ranges(points: Iterable[int]) -> Iterable[str]:
    """Hexadecimal lines, `4E00` or `4E00-4E10`, in order."""
    ordered = sorted(points)
    start = previous = ordered[0]
    for point in [*ordered[1:], -1]:
        if point == previous + 1:
            previous = point
            continue
        yield f"{start:04X}" if start == previous else f"{start:04X}-{previous:04X}"
        start = previous = point


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    points = wanted()
    covered = both(points, "Regular") & both(points, "Bold")
    missing = standard_table() - covered
    if missing:
        raise ValueError(f"the source font lacks {len(missing)} of the standard table, e.g. U+{min(missing):04X}")
    (TARGET / "glyphs.txt").write_text("\n".join(ranges(covered)) + "\n", encoding="ascii")
    print(f"glyphs.txt: {len(covered)} code points; wanted but absent: {len(points - covered)}")


if __name__ == "__main__":
    main()
