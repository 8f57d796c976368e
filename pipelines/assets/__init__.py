"""Fetching language data: what is wanted, where it may come from, how it gets into its folder.

`catalogue` names the assets with their pinned hashes, `install` puts one into its folder, and
every other file is one kind of source. Locating what is there is `watermark.assets`.
"""
