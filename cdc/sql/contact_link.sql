-- Purpose:    Whose history the link from a source belongs to, as this database knows it.
-- Parameters: $1 source.
-- Result:     epoch, state; none where there is no such link.
SELECT p.epoch, p.state FROM cdc.position p WHERE p.source = $1 AND p.entity = ''
