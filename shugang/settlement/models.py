"""The rooms' tables under one label, so that a wall between rooms moves without a migration."""

from .bills.models import Bill, BillLine, BillPeriod
from .charges.models import ChargeAgreement, RevenueReport
from .deposits.models import Deposit
from .invoices.models import Invoice, InvoicePaper
from .ledger.models import Account, Entry, Transfer
from .payouts.holds import FundsHold
from .payouts.models import BankFile, BankLine, BrokerLine, PayoutInstruction, Receivable, Recovery
from .reconciliation.models import ReconciliationRun

__all__ = [
    "Account",
    "BankFile",
    "BankLine",
    "Bill",
    "BillLine",
    "BillPeriod",
    "BrokerLine",
    "ChargeAgreement",
    "Deposit",
    "Entry",
    "FundsHold",
    "Invoice",
    "InvoicePaper",
    "PayoutInstruction",
    "Receivable",
    "ReconciliationRun",
    "Recovery",
    "RevenueReport",
    "Transfer",
]
