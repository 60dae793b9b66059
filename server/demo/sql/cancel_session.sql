-- Purpose:    A booking by mistake: the office strikes a session that has only begun.
-- Parameters: $1 id of the session.
-- Result:     the session is gone. No sale can name it: the till bills finished ones only.

DELETE FROM "TableSession" WHERE "id" = $1 AND "status" = 'PLAYING';
