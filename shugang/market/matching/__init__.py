"""Matching: listed products and open demands compared part by part, with the reasons kept."""
