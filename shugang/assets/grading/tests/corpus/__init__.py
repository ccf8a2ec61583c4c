"""Labelled columns of Chinese tables, committed before the detector that is measured on them; see README.md."""
