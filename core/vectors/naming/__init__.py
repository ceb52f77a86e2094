"""Names for clusters and for regions of the map: what their records share, said in a few words."""
