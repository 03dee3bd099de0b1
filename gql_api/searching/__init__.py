"""How texts are searched: cut into lexemes the same way for both databases, asked for, and shown; pure functions."""
