"""Gathers what the report shows: pictures, reasons and outcomes."""
