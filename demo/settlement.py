"""Rating, bill, ledger, split instructions, voucher, and the statement that reconciles to 0 分."""

from __future__ import annotations

from datetime import datetime, time

from shugang.delivery.grants.models import Grant
from shugang.delivery.metering.queries import charged_quantities
from shugang.kernel import clock, workdays
from shugang.market.vouchers.models import TradeVoucher
from shugang.settlement.bills.models import Bill
from shugang.settlement.bills.services import confirm_bill, issue_bill
from shugang.settlement.payouts.receiving import exchange
from shugang.settlement.payouts.services import instruct_all
from shugang.settlement.payouts.simulator import Payment, simulate_bank
from shugang.settlement.rating.services import rate_period
from shugang.settlement.reconciliation.queries import reconcile

from .calls import get, until
from .delivery import metadata_url
from .registration import next_morning
from .stage import Stage


def bill_and_settle(stage: Stage) -> None:
    finance, buyer = stage.things["yunying"], stage.things["xufang"]
    with stage.step("次月1日后：按使用记录计费，出具账单", "运营方财务") as said:
        local = clock.now().astimezone(clock.zone())
        month_end = datetime.combine(local.date().replace(day=1), time(0), tzinfo=clock.zone())
        month_end = (
            month_end.replace(month=month_end.month + 1)
            if month_end.month < 12
            else month_end.replace(year=month_end.year + 1, month=1)
        )
        next_morning(month_end)
        bills: list[Bill] = []
        for key in ("segments", "companies"):
            contract = stage.things[f"contract:{key}"].number
            if rate_period(finance, contract) is not None:
                bills.append(issue_bill(finance, contract))
        stage.things["bills"] = bills
        said.append("、".join(f"{b.number} ¥{b.total_fen / 100:.2f}" for b in bills))
    with stage.step("需方核对并确认账单", "需方财务") as said:
        for bill in bills:
            confirm_bill(buyer, str(bill.number))
        said.append(f"{len(bills)}份，逐条可核到每次使用")
    with stage.step("需方付款，存管银行到账，分账指令，执行", "存管银行（模拟）→ 平台") as said:
        simulate_bank([Payment(str(b.number), b.total_fen, b.buyer.name) for b in bills])
        exchange(finance)
        instruct_all(finance)
        simulate_bank()
        exchange(finance)
        for bill in bills:
            bill.refresh_from_db()
            if bill.state != "settled":
                raise AssertionError(f"{bill.number} is {bill.state}")
        said.append("平台不持有资金：只记账、发指令、对账")
    with stage.step("交易凭证与三方对账", "平台") as said:
        vouchers = list(TradeVoucher.objects.order_by("id"))
        report = reconcile()
        if report.total_difference_fen or len(vouchers) < len(bills):
            raise AssertionError(report)
        grant: Grant = stage.things["grant:segments"]
        charged = charged_quantities(grant.number, grant.valid_from, clock.now())
        said.append(f"{'、'.join(v.number for v in vouchers)}；计费{sum(charged.values())}次；差异0分")


def expiry(stage: Stage) -> None:
    """The clinics' contract was for 60 days: after it, the same profile is refused."""
    grant: Grant = stage.things["grant:clinics"]
    with stage.step("合同到期后再用", "需方 → 数据面") as said:
        next_morning(grant.valid_until)
        url = metadata_url(grant)
        secret = stage.things["secret:bearer_clinics"]
        until(lambda: get(url, secret).status == 403, "the expired grant is still served")
        answer = get(url, secret)
        said.append(f"{answer.status} {answer.code}")
        if not workdays.calendar().is_known(clock.today()):
            raise AssertionError("the play left the loaded calendar")
