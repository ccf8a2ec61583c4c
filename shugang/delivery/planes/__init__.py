"""Planes: enrolment, signed requests, signed grant bundles."""
