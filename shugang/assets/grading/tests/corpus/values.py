"""Makers of values for the corpus: each takes the row's number and a seeded random source and returns a text or None."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random

from shugang.policy.identifiers import identity_check_char, luhn_digit, make_uscc, vin_check_char

Maker = Callable[[int, Random], str | None]

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭"
    "陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
GIVEN = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华建国玉珍文辉鹏飞波斌宇浩凯健俊帆雪琳晶欣怡婷慧颖佳嘉瑞晨轩子涵"
    "梓萱诺一依可心雨桐博昊天泽宁春梅红燕玲莉萍德志成林海龙永安生福庆东峰旭光"
)
PLACES = [
    "海淀",
    "朝阳",
    "思明",
    "湖里",
    "集美",
    "天河",
    "越秀",
    "武侯",
    "锦江",
    "西湖",
    "滨江",
    "鼓楼",
    "玄武",
    "岳麓",
    "雁塔",
    "南山",
    "福田",
]
CITIES = ["北京市", "厦门市", "广州市", "成都市", "杭州市", "南京市", "长沙市", "西安市", "深圳市"]
PROVINCE_CODES = ["11", "12", "13", "21", "31", "32", "33", "35", "37", "41", "43", "44", "51", "61", "65"]
EPOCH = date(2026, 1, 1)


def digits(count: int, rng: Random) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def a_day(rng: Random, first: int = 1950, last: int = 2008) -> date:
    return date(first, 1, 1) + timedelta(days=rng.randrange((last - first + 1) * 365))


def one_of(*items: str | None) -> Maker:
    return lambda _, rng: rng.choice(items)


def number(low: float, high: float, decimals: int = 0) -> Maker:
    return lambda _, rng: f"{rng.uniform(low, high):.{decimals}f}"


def serial(prefix: str, width: int, start: int = 1) -> Maker:
    return lambda row, _: f"{prefix}{start + row:0{width}}"


def code(pattern: str) -> Maker:
    """`9` a digit, `A` a letter, `h` a small hexadecimal digit; anything else is itself."""
    sets = {"9": "0123456789", "A": "ABCDEFGHJKLMNPQRSTUVWXYZ", "h": "0123456789abcdef"}
    return lambda _, rng: "".join(rng.choice(sets[sign]) if sign in sets else sign for sign in pattern)


def when(first: int = 2019, last: int = 2025, form: str = "%Y-%m-%d") -> Maker:
    return lambda _, rng: a_day(rng, first, last).strftime(form)


def moment(_: int, rng: Random) -> str:
    return f"{a_day(rng, 2023, 2025)} {rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"


def name(_: int, rng: Random) -> str:
    length = 1 if rng.random() < 0.2 else 2
    return rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(length))


def masked_name(row: int, rng: Random) -> str:
    whole = name(row, rng)
    return whole[0] + "*" * (len(whole) - 1)


def identity(_: int, rng: Random, first: int = 1950, last: int = 2008) -> str:
    head = f"{rng.choice(PROVINCE_CODES)}0000{a_day(rng, first, last):%Y%m%d}{digits(3, rng)}"
    return head + identity_check_char(head)


def child_identity(row: int, rng: Random) -> str:
    return identity(row, rng, 2014, 2019)


def masked_identity(row: int, rng: Random) -> str:
    whole = identity(row, rng)
    return whole[:6] + "*" * 8 + whole[14:]


def mobile(_: int, rng: Random) -> str:
    return rng.choice(["154", "160", "163", "164", "168", "179"]) + digits(8, rng)


def mobile_dashed(row: int, rng: Random) -> str:
    whole = mobile(row, rng)
    return f"{whole[:3]}-{whole[3:7]}-{whole[7:]}" if rng.random() < 0.5 else f"+86 {whole}"


def masked_mobile(row: int, rng: Random) -> str:
    whole = mobile(row, rng)
    return whole[:3] + "****" + whole[7:]


def landline(_: int, rng: Random) -> str:
    if rng.random() < 0.5:
        return f"{rng.choice(['010', '021', '028', '025'])}-2220{digits(4, rng)}"
    return f"{rng.choice(['0592', '0571', '0731', '0755'])}-2220{digits(3, rng)}"


def card(_: int, rng: Random) -> str:
    body = "629999" + digits(rng.choice([9, 12]), rng)
    return body + luhn_digit(body)


def card_spaced(row: int, rng: Random) -> str:
    whole = card(row, rng)
    return " ".join(whole[place : place + 4] for place in range(0, len(whole), 4))


def credit_code(row: int, rng: Random) -> str:
    return make_uscc(f"corpus-{row}-{rng.randrange(10**6)}")


def plate(_: int, rng: Random) -> str:
    tail = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(2)) + digits(3, rng)
    office = rng.choice(["宁S", "宁T", "青T", "藏W", "琼Y"])
    return office + (f"D{digits(5, rng)}" if rng.random() < 0.3 else tail)


def plate_dotted(row: int, rng: Random) -> str:
    whole = plate(row, rng)
    return f"{whole[:2]}·{whole[2:]}"


def vin(_: int, rng: Random) -> str:
    signs = "0" + "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ0123456789") for _ in range(12)) + digits(4, rng)
    return signs[:8] + vin_check_char(signs) + signs[9:]


def email(_: int, rng: Random) -> str:
    return f"{rng.choice(['zhang', 'li', 'wang', 'chen', 'user'])}{digits(rng.randrange(1, 6), rng)}@example.com"


def ipv4(_: int, rng: Random) -> str:
    return f"{rng.choice(['192.0.2', '198.51.100', '203.0.113'])}.{rng.randrange(1, 255)}"


def ipv6(_: int, rng: Random) -> str:
    return f"2001:db8::{rng.randrange(1, 65535):x}:{rng.randrange(1, 65535):x}"


def mac(_: int, rng: Random) -> str:
    return f"00:00:5E:00:53:{rng.randrange(256):02X}"


def imei(_: int, rng: Random) -> str:
    body = "00" + digits(12, rng)
    return body + luhn_digit(body)


def passport(_: int, rng: Random) -> str:
    return "EO" + digits(7, rng)


def address(_: int, rng: Random) -> str:
    road = rng.choice(["示范路", "样例街", "演示大道", "测试巷"])
    return (
        f"{rng.choice(CITIES)}{rng.choice(PLACES)}区{road}{rng.randrange(1, 300)}号"
        f"{rng.randrange(1, 30)}栋{rng.randrange(101, 3000)}室"
    )


def office_address(_: int, rng: Random) -> str:
    road = rng.choice(["示范路", "样例街", "演示大道"])
    return f"{rng.choice(CITIES)}{rng.choice(PLACES)}区{road}{rng.randrange(1, 300)}号"


def company(_: int, rng: Random) -> str:
    middle = rng.choice(["科技", "贸易", "物流", "能源", "建筑工程", "生物医药"])
    return (
        rng.choice(CITIES)[:2]
        + rng.choice(SURNAMES)
        + rng.choice(GIVEN)
        + middle
        + rng.choice(["有限公司", "股份有限公司"])
    )


def hashed(algorithm: str, secret: str = "corpus") -> Maker:
    return lambda row, rng: hashlib.new(algorithm, f"{secret}{row}{rng.random()}".encode()).hexdigest()


def order_like_identity(row: int, rng: Random) -> str:
    """18 digits with a day inside, as shops number their orders: six of an office, eight of the day, four running."""
    return f"{rng.choice(['110108', '350203', '440305'])}{a_day(rng, 2023, 2025):%Y%m%d}{rng.randrange(10000):04}"


def batch_like_plate(_: int, rng: Random) -> str:
    """沪A, the year and the day of the year: a batch number in exactly the shape of a number plate."""
    return f"沪A{a_day(rng, 2021, 2025):%y%j}"


def luhn_by_chance(row: int, rng: Random) -> str:
    """Sixteen digits without any check: one in ten passes Luhn's formula."""
    return f"2{a_day(rng, 2023, 2025):%y%m%d}{digits(9, rng)}"


def long_amount(_: int, rng: Random) -> str:
    """分 of large amounts: eleven digits, all beginning with 1."""
    return f"1{rng.randrange(0, 10**10):010}"


def point(low: float, high: float) -> Maker:
    return number(low, high, 6)


def sometimes(share: float, maker: Maker, other: Maker | None = None) -> Maker:
    """`maker` in that share of the rows, otherwise `other` or NULL."""

    def make(row: int, rng: Random) -> str | None:
        if rng.random() < share:
            return maker(row, rng)
        return other(row, rng) if other else None

    return make


def joined(*parts: Maker | str) -> Maker:
    return lambda row, rng: "".join(part if isinstance(part, str) else part(row, rng) or "" for part in parts)


def cycled(items: Sequence[str]) -> Maker:
    return lambda row, _: items[row % len(items)]


def nothing(_: int, rng: Random) -> None:
    return None
