"""From a file to records: reading, field layouts, the table of records, what was imported; and out again: lines and manifest."""
