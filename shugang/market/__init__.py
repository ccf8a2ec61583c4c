"""The market: what may be bought, how a deal is made, what both sides signed, and the proof that it was settled."""
