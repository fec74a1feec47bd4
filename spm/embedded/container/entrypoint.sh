#!/bin/sh
# Puts the addresses together from the mounted secrets, then runs the command. Values given by the environment win.
# Sourced by health checks: without a command it only sets the variables.
set -eu
secret() { cat "${SECRETS_DIR:-/run/secrets}/$1"; }
export SECRET_KEY="${SECRET_KEY:-$(secret secret_key)}"
export DATABASE_URL="${DATABASE_URL:-postgres://spm_app:$(secret app)@${POSTGRES_HOST:-postgres}:${POSTGRES_PORT:-5432}/spm}"
export DATABASE_OWNER_URL="${DATABASE_OWNER_URL:-postgres://spm_owner:$(secret owner)@${POSTGRES_HOST:-postgres}:${POSTGRES_PORT:-5432}/spm}"
export REDIS_URL="${REDIS_URL:-redis://:$(secret redis)@${REDIS_HOST:-redis}:${REDIS_PORT:-6379}/0}"
if [ "$#" -gt 0 ]; then exec "$@"; fi
