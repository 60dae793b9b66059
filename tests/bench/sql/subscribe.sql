-- Purpose:    Compose CREATE SUBSCRIPTION, which takes no parameters and may not stand in a function.
-- Parameters: $1 how to connect to the publisher.
-- Result:     the statement's text. origin = none: what came by replication is not sent back.

SELECT format(
    'CREATE SUBSCRIPTION bench CONNECTION %L PUBLICATION bench WITH (copy_data = false, origin = none)',
    $1::text);
