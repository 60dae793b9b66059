"""The HTTP interface: its routes, declared once, and the documents that describe them."""
