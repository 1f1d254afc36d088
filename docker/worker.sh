#!/bin/bash
# Runs an engine, and a worker of tts-render that speaks with it. If either ends, so does the container.
set -u

# Each engine has words of its own, since it writes there while it starts.
words=$HOME/.local/share/voicevox-engine
mkdir -p "$words"
if [ -d /dictionary ]; then cp -R /dictionary/. "$words"; fi

/opt/voicevox_engine/run --host 127.0.0.1 --port 50021 &
engine=$!
tts-render worker "$@" &
worker=$!

asked=
trap 'asked=yes; kill -TERM "$engine" "$worker" 2>/dev/null' TERM INT
wait -n
code=$?
kill -TERM "$engine" "$worker" 2>/dev/null
wait
[ -z "$asked" ] || code=0
exit "$code"
