-- Signatures that are no more, dropped before the bundle is applied. Emptied one release later.
drop function if exists api.create_partitions();
