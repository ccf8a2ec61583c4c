"""Sealed-bid auctions of exclusive licences: announcement, commitments, openings, award."""
