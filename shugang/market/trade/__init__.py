"""Inquiry, quotation, counter-offer: how terms and price are agreed."""
