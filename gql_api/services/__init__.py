"""Writes and their rules: the 1:1:1 life of sessions, messages in order, files; reads go through the loaders."""
