-- Purpose: make an empty database in UTF-8, whatever was added to template1.
-- Parameters: {database} its name.
-- Result: none.
CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8'
