"""Events of accounts and posts in words, for the audit list."""

from __future__ import annotations

from shugang.kernel.models import Event
from shugang.policy.text import Text

LABELS: dict[str, Text] = {
    "sign_in.done": Text("登录成功", "Signed in"),
    "sign_in.failed": Text("登录失败", "Sign-in failed"),
    "second_factor.set_up": Text("绑定第二因素", "Second factor set up"),
    "second_factor.removed": Text("解除第二因素", "Second factor removed"),
    "second_factor.reset": Text("重置他人的第二因素", "Second factor of another reset"),
    "second_factor.codes_renewed": Text("重新生成备用码", "Recovery codes renewed"),
    "person.created": Text("账户建立", "Account made"),
    "account.created": Text("系统管理员建立账户", "Account made by the system administrator"),
    "person.authorised": Text("授权账户", "Account authorised"),
    "person.stopped": Text("停用账户", "Account stopped"),
    "person.password_set": Text("设置密码", "Password set"),
    "person.password_reset": Text("重置他人密码", "Password of another reset"),
    "person.invited": Text("发出邀请链接", "Invitation given"),
    "person.uninvited": Text("撤回邀请链接", "Invitation withdrawn"),
    "membership.set": Text("设置岗位", "Duties set"),
    "post.offered": Text("生成三员链接", "Link for a post made"),
    "post.given": Text("任命三员", "Post given"),
    "post.taken": Text("免去三员", "Post taken"),
    "party.founded": Text("设立机构", "Party founded"),
    "party.suspended": Text("暂停机构", "Party suspended"),
    "party.active": Text("恢复机构", "Party resumed"),
    "party.contact_changed": Text("更新机构联系方式", "Contact data changed"),
    "key.made": Text("建立签名密钥", "Signing key made"),
    "key.revoked": Text("吊销签名密钥", "Signing key revoked"),
    "token.made": Text("建立访问令牌", "Access token made"),
    "token.revoked": Text("吊销访问令牌", "Access token revoked"),
    "notices.chosen": Text("选择邮件通知", "E-mail notices chosen"),
    "notices.stopped": Text("从邮件停发通知", "Notices stopped by a letter's link"),
    "address.given": Text("填写邮箱地址", "E-mail address given"),
    "address.verified": Text("确认邮箱地址", "E-mail address confirmed"),
    "address.removed": Text("移除邮箱地址", "E-mail address removed"),
    "letter.sent_again": Text("重新发送邮件", "Letter sent again"),
    "audit.read": Text("查阅审计记录", "Audit list read"),
    "audit.exported": Text("导出审计记录", "Audit list exported"),
    "audit.reviewed": Text("复查审计管理员", "Audit administrator reviewed"),
}


def subject(event: Event) -> str:
    """Whom an administrative act concerned; the content of business events stays closed here."""
    if event.kind in LABELS:
        return str(event.payload.get("person", ""))
    return ""
