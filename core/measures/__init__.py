"""What can be measured of a selection, as pure functions of arrays; and what each measure is called and means."""
