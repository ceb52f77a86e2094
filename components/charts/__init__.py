"""Charts and colours: arrays in, figures out. Knows no session and no workspace."""
