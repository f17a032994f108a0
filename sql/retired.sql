-- Signatures that are no more, dropped before the bundle is applied. Emptied one release later.
drop function if exists api.create_partitions();
drop function if exists api.create_client(text, bytea, text[], text[], text[], numeric, int, timestamptz);
