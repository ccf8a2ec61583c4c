"""The whole road from a need to settled money, played by the real verbs over the real processes (`python -m tests.road`)."""

STEPS = ("onboard", "list", "demand", "match", "negotiate", "auction", "sign", "hold", "deliver", "meter", "bill", "split",
         "dispute", "refund", "credit note", "statement")  # fmt: skip
