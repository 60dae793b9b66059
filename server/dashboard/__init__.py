"""The dashboard: static files, sent as they are. `index.html` is the page, `assets/` what it loads."""
