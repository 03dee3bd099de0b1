"""HTTP: credentials, the GraphQL endpoint, the explorer and the probes; what a request means is left to the schema."""
