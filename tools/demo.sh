#!/usr/bin/env bash
# Renders a short episode of examples/site in a copy of it, and shows what came of it.
set -euo pipefail

engine=${1:-kokoro}
post=_posts/2025-10-08-2.md
audio=audio/asaichi-commit-2.mp3

cd "$(dirname "$0")/.."
site=build/demo
rm -rf "$site"
mkdir -p build
cp -R examples/site "$site"

tts-render render --engine "$engine" --site "$site" "$site/$post"

echo
echo "The post now says (${site}/${post}):"
diff -U 1 "examples/site/$post" "$site/$post" | tail -n +3 || true
echo
echo "The episode: $PWD/$site/$audio"
