-- Purpose:    What PostgreSQL says of a row that is too large to be printed.
-- Parameters: none.
-- Result:     conditions, a part of the functions that print rows (see triggers/functions.py).
--
-- Which one it is depends on what the row is made of. A text that grows beyond 1 GB as it is put together is
-- program_limit_exceeded; where the server has no more memory, out_of_memory. One that is asked for whole, such as a bytea
-- of 600 MB in hexadecimal, is an internal_error, "invalid memory alloc request size": it has no condition of its own.
-- All internal errors are taken for that, and not that message alone: whatever else stands in the way of printing a row,
-- the application's write is not to fail for it, and the row's key is enough to bring it.
program_limit_exceeded OR out_of_memory OR internal_error
