"""One file a noun of the API; each is a router that calls the service."""
