"""The folder where the app, the command line and jobs meet: results on disk, the ledger, people's decisions."""
