"""Invoices (发票): asked for by who paid, entered by who sold, red-lettered after a credit note."""
