"""The Jinja2 environment: `t`, `tx`, `url`, `static`, and the format filters in the reader's language.

An undefined name is an error, never an empty space: a blank price or deadline would mislead.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import json_script
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from shugang.policy.guarantees import GUARANTEE_LABELS
from shugang.policy.text import Text
from shugang.ui import addresses, context, formats, language, qr


def t(zh: str, en: str) -> str:
    return en if language.is_english() else zh


def tx(text: Text | str | int | None) -> Any:
    """A Text in the reader's language. Anything else (a name, a number, markup) is data and stays as it is."""
    if text is None:
        return formats.MISSING
    return t(text.zh, text.en) if isinstance(text, Text) else text


def url(name: str, *args: Any, **kwargs: Any) -> str:
    if args or kwargs:
        return reverse(name, args=args or None, kwargs=kwargs or None)
    return addresses.of(name)


def url_or_none(name: str, *args: Any, **kwargs: Any) -> str | None:
    """For links to a page that another wing may not have: no page, no link."""
    try:
        return url(name, *args, **kwargs)
    except NoReverseMatch:
        return None


def query(request: HttpRequest, **changes: Any) -> str:
    """This page's address with some query values changed; None removes one. A changed filter starts over."""
    values = request.GET.copy()
    if "after" not in changes:
        values.pop("after", None)
    for name, value in changes.items():
        values.pop(name, None)
        if isinstance(value, list | tuple):
            values.setlist(name, [str(v) for v in value])
        elif value is not None and value != "":
            values[name] = str(value)
    encoded = urlencode(list(values.lists()), doseq=True)
    return f"{request.path}?{encoded}" if encoded else request.path


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def _day(value: date | None, weekday: bool = True) -> str:
    return formats.day(value, language.is_english(), _zone(), weekday)


def _moment(value: datetime | None, seconds: bool = True) -> str:
    return formats.moment(value, language.is_english(), _zone(), seconds)


def _clock(value: datetime | None) -> str:
    return formats.clock(value, _zone())


def _period(first: date | None, last: date | None) -> str:
    return formats.period(first, last, language.is_english(), _zone())


def _deadline(days_left: int, last_day: date) -> str:
    return formats.deadline(days_left, last_day, language.is_english(), _zone())


def _duration(value: timedelta | None) -> str:
    return formats.duration(value, language.is_english())


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _json_script(value: Any, element_id: str) -> Markup:
    return Markup(json_script(value, element_id))  # noqa: S704  Django has escaped <, > and &


def _plural(count: int, one: str, many: str) -> str:
    """English only: 1 item, 2 items."""
    return f"{count:,} {one if count == 1 else many}"


FILTERS = {
    "fen": formats.fen,
    "fen_plain": formats.fen_plain,
    "e8": formats.e8,
    "num": formats.number,
    "percent": formats.percent,
    "bp": formats.basis_points,
    "missing": formats.missing,
    "mask": formats.mask,
    "bytesize": formats.size,
    "hash": formats.grouped,
    "date": _day,
    "datetime": _moment,
    "time": _clock,
    "duration": _duration,
    "tx": tx,
    "pretty": _pretty,
    "json_script": _json_script,
}


def environment(**options: Any) -> Environment:
    """Factory named in settings.TEMPLATES."""
    options.update(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env = Environment(**options)  # noqa: S701  Django's backend passes autoescape=True
    env.filters.update(FILTERS)
    env.globals.update(
        t=t,
        tx=tx,
        url=url,
        url_or_none=url_or_none,
        static=static,
        query=query,
        period=_period,
        deadline=_deadline,
        share=formats.share,
        plural=_plural,
        get_messages=get_messages,
        html_lang_now=language.html_lang,
        is_english=language.is_english,
        qr_svg=qr.page_svg,
        guarantee_labels=GUARANTEE_LABELS,
        site_short=context.short_name,
    )
    return env
