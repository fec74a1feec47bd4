#!/bin/sh
# Runs once, when the database folder is empty: the roles that spm/embedded/roles.py makes on a machine without containers.
set -eu
secret() { cat "${SECRETS_DIR:-/run/secrets}/$1"; }
psql -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres -v owner="$(secret owner)" -v app="$(secret app)" <<'SQL'
CREATE ROLE spm_owner LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION CREATEDB NOBYPASSRLS PASSWORD :'owner';
CREATE ROLE spm_app LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOCREATEDB NOBYPASSRLS PASSWORD :'app';
CREATE DATABASE spm OWNER spm_owner;
REVOKE ALL ON DATABASE spm FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE spm TO spm_app;
\connect spm
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE spm_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO spm_app;
ALTER DEFAULT PRIVILEGES FOR ROLE spm_owner GRANT USAGE ON SEQUENCES TO spm_app;
SQL
