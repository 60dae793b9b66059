"""What lives inside PostgreSQL: schema cdc, the capture triggers, and what installs them."""
