"""Stores and databases that parties register with the platform's plane."""
