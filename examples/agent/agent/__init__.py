"""An agent that keeps nothing of its own: what it does next follows from the conversation that the server holds."""
