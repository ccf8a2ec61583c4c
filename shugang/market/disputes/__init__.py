"""Disputes over a contract (争议): negotiation, mediation, arbitration, and what is carried out."""
