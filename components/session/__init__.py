"""One reader's session: what is open, what is looked at, what is decided, what went wrong. The only home of session state."""
