"""Records as pages show them: the reader, the table of clusters, the points of a map and their tips."""
