"""Question banks in and out: Markdown, CSV, TSV, Anki's text export and .apkg packages.

Every format is read into entries (a place and named cells) and written from them, so what a
question is made of stands in one place, `entry`. Files are data from anybody: each reader bounds
the time and memory that it spends, and refuses with a message what it cannot read.
"""
