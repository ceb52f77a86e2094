"""Quotas that balance: coarse groups of records share the budget first, then a method chooses inside each."""
