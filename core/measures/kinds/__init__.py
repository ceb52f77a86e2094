"""The measures, a file a kind; a new one is a new file here."""
