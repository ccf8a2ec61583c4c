"""What a letter says: both languages, plain text and simple HTML. The subject holds numbers and labels only."""

from __future__ import annotations

from html import escape
from urllib.parse import urlparse

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives

from shugang.kernel import clock
from shugang.policy.text import Text

from ..accounts.models import Person
from .models import Letter
from .queries import required_groups, shown
from .rules import GROUPS

VERIFY, STOP = "notices.verify", "notices.stop"


def make(kind: str, person_id: int, address: str, name: str) -> Letter:
    """A letter to be sent; `name` makes its Message-ID, so that the same letter is never made twice."""
    host = urlparse(settings.SHUGANG_PUBLIC_URL).hostname or "localhost"
    now = clock.real_now()
    return Letter.objects.create(
        kind=kind, person_id=person_id, address=address, message_id=f"<{name}@{host}>", next_at=now, created_at=now
    )


def message(letter: Letter) -> EmailMultiAlternatives | None:
    """The letter as it stands now; None when there is nothing left that its reader may see."""
    if letter.kind == "verify":
        return _verification(letter)
    rows = [row for row in letter.notices.select_related("person", "party").order_by("id") if not row.read_at]
    lines = [line for line in shown(rows, letter.person) if line.allowed]
    if not lines:
        return None
    first = lines[0].notice
    subject = Text(first.zh, first.en) if len(lines) == 1 else _many(letter, len(lines))
    site = settings.SHUGANG_PUBLIC_URL
    plain, html = [], []
    for line in lines:
        address = f"{site}{line.address}"
        titled = f"（{line.title}）" if line.title else ""
        plain += [f"{line.notice.zh}{titled}", line.notice.en, address, ""]
        html.append(f'<li><p><a href="{escape(address)}">{escape(line.notice.zh)}</a>{escape(titled)}<br>'
                    f"{escape(line.notice.en)}</p></li>")  # fmt: skip
    found = _letter(letter, subject, plain, f"<ul>{''.join(html)}</ul>")
    _unsubscribe(found, letter, {line.notice.group for line in lines})
    return found


def _many(letter: Letter, count: int) -> Text:
    if letter.kind == "digest":
        return Text(f"今日通知{count}条", f"Digest: {count} notices")
    return Text(f"{count}条新通知", f"{count} new notices")


def _letter(letter: Letter, subject: Text, plain: list[str], html: str) -> EmailMultiAlternatives:
    site = settings.SHUGANG_PUBLIC_URL
    foot = Text("在“通知设置”中选择要收哪些邮件：", "Choose which e-mails you get:")
    where = f"{site}/desk/messages/settings"
    text = "\n".join([*plain, "--", settings.SHUGANG_SITE_SHORT, f"{foot.zh}{where}", f"{foot.en} {where}", ""])
    found = EmailMultiAlternatives(
        f"[{settings.SHUGANG_SITE_SHORT}] {subject.zh} / {subject.en}",
        text,
        settings.DEFAULT_FROM_EMAIL,
        [letter.address],
        headers={"Message-ID": letter.message_id, "Auto-Submitted": "auto-generated"},
    )
    found.attach_alternative(
        f'<html lang="zh-CN"><body>{html}<hr><p><a href="{escape(where)}">{foot.zh} {foot.en}</a></p></body></html>',
        "text/html",
    )
    return found


def _unsubscribe(found: EmailMultiAlternatives, letter: Letter, groups: set[str]) -> None:
    """RFC 8058: one click stops the groups of this letter that may be stopped; a letter of others names the settings."""
    stoppable = sorted(groups - required_groups())
    if not stoppable:
        found.extra_headers["List-Unsubscribe"] = f"<{settings.SHUGANG_PUBLIC_URL}/desk/messages/settings>"
        return
    token = signing.dumps([letter.person_id, stoppable], salt=STOP)
    found.extra_headers["List-Unsubscribe"] = f"<{settings.SHUGANG_PUBLIC_URL}/messages/stop/{token}>"
    found.extra_headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _verification(letter: Letter) -> EmailMultiAlternatives:
    token = signing.dumps([letter.person_id, letter.address], salt=VERIFY)
    address = f"{settings.SHUGANG_PUBLIC_URL}/desk/messages/verify/{token}"
    says = Text("请在48小时内登录后打开这个链接，确认用这个地址接收通知。如不是您本人操作，请忽略本邮件。",
                "Sign in and open this link within 48 hours to receive notices here. If this was not you, ignore this letter.")  # fmt: skip
    html = f'<p>{says.zh}</p><p>{says.en}</p><p><a href="{escape(address)}">{escape(address)}</a></p>'
    return _letter(letter, Text("确认接收通知的地址", "Confirm your address"), [says.zh, says.en, address, ""], html)


def stopping(token: str) -> tuple[Person | None, list[str]]:
    """Whose groups a link stops; (None, []) for a link that we did not make."""
    try:
        person, groups = signing.loads(token, salt=STOP)
    except signing.BadSignature:
        return None, []
    return Person.objects.filter(pk=person).first(), [g for g in groups if g in GROUPS]
