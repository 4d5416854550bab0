"""Which flexmilieus a site serves, how well, and its rank."""
