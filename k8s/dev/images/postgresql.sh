#!/bin/sh
# The first start makes the user and the database that POSTGRES_USER, POSTGRES_DB and POSTGRES_PASSWORD name, in PGDATA.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  rm -rf "$PGDATA.new" # of a first start that was killed
  printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
  initdb --pgdata "$PGDATA.new" --username "$POSTGRES_USER" --pwfile /tmp/password --auth-local trust --auth-host scram-sha-256
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>"$PGDATA.new/pg_hba.conf"
  pg_ctl --pgdata "$PGDATA.new" --wait --options "-c listen_addresses=''" start
  createdb --username "$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl --pgdata "$PGDATA.new" --wait stop
  mv "$PGDATA.new" "$PGDATA" # whole, or not at all
fi
exec postgres -D "$PGDATA" -c listen_addresses='*'
