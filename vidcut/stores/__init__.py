"""Vector stores: the nearest vectors to a query's."""
