#!/bin/bash
#SBATCH --job-name=tts-render
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --time=04:00:00
# Renders what is new or out of date in a site, with an engine and a worker on each node of the job: sbatch slurm.sh SITE
# tts-render with the extra "cluster" is on the PATH of the nodes, and TTS_RENDER_CACHE is a bucket, or a folder of a
# file system in which each node sees at once what another has written.
set -euo pipefail
site=$1
: "${TTS_RENDER_CACHE:?name a bucket, or a folder that all nodes share}"

# Others are on these nodes too: who has not the key of this job is not let in.
umask 077
keys=$(mktemp -d "$PWD/tts-render-keys.XXXXXX")
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 7 -subj /CN=tts-render \
  -keyout "$keys/key.pem" -out "$keys/cert.pem" 2>/dev/null
export DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION=true
export DASK_DISTRIBUTED__COMM__TLS__CA_FILE="$keys/cert.pem"
for who in SCHEDULER WORKER CLIENT; do
  export "DASK_DISTRIBUTED__COMM__TLS__${who}__CERT=$keys/cert.pem" "DASK_DISTRIBUTED__COMM__TLS__${who}__KEY=$keys/key.pem"
done

port=$((20000 + SLURM_JOB_ID % 20000))
TTS_RENDER_CLUSTER=tls://$(hostname):$port
export port TTS_RENDER_CLUSTER

node() {
  local engine=$((port + 20000))
  apptainer exec docker://voicevox/voicevox_engine:cpu-0.25.2 \
    /opt/voicevox_engine/run --host 127.0.0.1 --port "$engine" &
  exec tts-render worker "$TTS_RENDER_CLUSTER" --engine "http://127.0.0.1:$engine" --wait 600
}
export -f node

dask scheduler --host "$(hostname)" --port "$port" --protocol tls --no-dashboard &
scheduler=$!
srun bash -c node &
workers=$!
trap 'kill "$workers" "$scheduler" || true; wait; rm -r "$keys"' EXIT
tts-render render --all --wait 600 "$site"
