"""Loans: schedules, the book of each loan, payments, risk pools and figures."""
