"""Grading of data (分类分级): what a leak would harm and how badly, column by column, confirmed by people."""
