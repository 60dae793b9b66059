"""The demo: a snooker club's till on MAIN, its back office on BACKUP, kept as one while a person watches."""
