"""What is around every page: the run sheet, the way through, the running job, the budget, the doorkeeper."""
