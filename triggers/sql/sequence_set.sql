-- Purpose:    Say which number a sequence gives next.
-- Parameters: $1 its qualified name, $2 the number, bigint.
-- Result:     that number.
SELECT setval($1::regclass, $2, false)
