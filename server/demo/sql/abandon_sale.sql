-- Purpose:    Somebody changed their mind: the till strikes an open sale.
-- Parameters: $1 id of the sale.
-- Result:     the sale is gone, and its lines with it by ON DELETE CASCADE.

DELETE FROM "Sale" WHERE "id" = $1 AND "status" = 'OPEN';
