"""The methods, a file each or a file a family; a new one is a new file here."""
