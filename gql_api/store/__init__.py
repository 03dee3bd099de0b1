"""What this server keeps of its own: which session has which disk, whose it is, and how far its life has come."""
