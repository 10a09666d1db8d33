"""An app of the tests alone, for the command that empties the database after each of them."""
