"""Sessions carried away and brought in: one file with conversations, their media, and the files of disks.

docs/archive.md says what is in it to the byte. `tape` is the container, `layout` the names and records, `writing` and
`verifying` the file as a whole; `exporting` and `importing` are what is done with Acontext and our database.
"""
