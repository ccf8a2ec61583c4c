"""CKAN's ways of saying no."""

from __future__ import annotations


class CkanError(Exception):
    """`kind` goes into `error.__type`, where clients look."""

    kind, status = "Bad Request", 400

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message, self.field = message, field


class NotFound(CkanError):
    kind, status = "Not Found Error", 404


class Invalid(CkanError):
    kind, status = "Validation Error", 409


class Forbidden(CkanError):
    kind, status = "Authorization Error", 403


class BadQuery(CkanError):
    kind, status = "Search Query Error", 400
