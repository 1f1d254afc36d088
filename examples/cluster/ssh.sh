#!/bin/bash
# Starts a scheduler here, and a worker on each of some machines, until Ctrl-C: ssh.sh tcp://HERE:8786 HOST...
# HERE is the address of this machine by which the others reach it. On each of them tts-render is on the PATH, an engine runs
# at http://127.0.0.1:50021, and ~/.config/tts-render/environment exports TTS_RENDER_CACHE and what belongs to it.
set -euo pipefail
address=$1
shift
protocol=${address%%://*}
place=${address#*://}
dask scheduler --host "${place%:*}" --port "${place##*:}" --protocol "$protocol" --dashboard-address 127.0.0.1:8787 &
for host; do
  # With a terminal, what runs there ends when the connection does.
  ssh -tt "$host" ". ~/.config/tts-render/environment && exec tts-render worker $address --engine http://127.0.0.1:50021 --wait 60" </dev/null &
done
trap 'kill $(jobs -p)' EXIT
trap 'exit 0' INT TERM
wait
