"""The office's pages, a folder each."""
