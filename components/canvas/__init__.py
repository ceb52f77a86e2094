"""The map that every page shows: a WebGL2 canvas of our own. Python sends bytes and hears what was picked."""
