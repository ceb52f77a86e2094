"""What everything stands on: the one error, params, progress, whole-or-nothing files, device, words, budgets."""
