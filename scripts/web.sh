#!/bin/sh
# Builds the web apps into web/dist, from where they get into the binary. Nothing is done if nothing
# has changed since the last time.
set -eu
cd "$(dirname "$0")/../web"

stamp=node_modules/.installed
if ! cmp -s package-lock.json "$stamp"; then
    npm ci --no-audit --no-fund
    cp package-lock.json "$stamp"
fi

built=dist/.vite/manifest.json
if [ ! -e "$built" ] || [ -n "$(find package-lock.json vite.config.ts vite core ui admin -newer "$built" -type f | head -1)" ]; then
    npm run --silent build
fi
npm run --silent size
