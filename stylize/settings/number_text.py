"""Numbers as text that reads back as the same number."""

from decimal import Decimal


def format_number(value: float) -> str:
    """Return all digits of a finite number, without an exponent, which readers of compound values do not accept."""
    return f"{Decimal(repr(value)):f}"


def format_short(value: float) -> str:
    """Return ``format_number`` of a number, without a decimal point for whole numbers."""
    return format_number(value).removesuffix(".0")
