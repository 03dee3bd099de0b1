"""Archives: carried away, brought in, cut, damaged, and read by others."""
