"""Appraisal of data assets (评估), and their book cost (入表) kept apart from it."""
