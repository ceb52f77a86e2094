"""Finding records, on any page: the search with its filters, whose result is looked at on the map and in the reader."""
