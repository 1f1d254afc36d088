#!/bin/sh
# Runs tts-render as the owner of the working directory, which is the site, so that nothing there ends up as root's.
set -eu

case ${TTS_RENDER_CACHE:-} in
  *://*) # a bucket, with this folder in front
    cache=${TTS_RENDER_CACHE_FOLDER:-/cache}
    export TTS_RENDER_CACHE_FOLDER="$cache"
    ;;
  *) cache=${TTS_RENDER_CACHE:-/cache} ;;
esac

if [ "$(id -u)" -eq 0 ]; then
  owner=$(stat -c %u .)
  group=$(stat -c %g .)
  mkdir -p "$cache"
  # An owner of 0 is left alone: so mounts look where Docker itself maps root to the user outside.
  if [ "$owner" -ne 0 ]; then
    find "$cache" ! -user "$owner" -exec chown -h "$owner:$group" {} +
    export HOME="$cache"
    exec setpriv --reuid "$owner" --regid "$group" --clear-groups --no-new-privs tts-render "$@"
  fi
fi
exec tts-render "$@"
