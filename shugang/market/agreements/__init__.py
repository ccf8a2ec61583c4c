"""Agreements between parties without a product: processing on behalf, development of fused data, brokerage."""
