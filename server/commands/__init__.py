"""The commands of `cdc`, a module for each group of them."""
