# tts-render beside an engine of its own, and a worker of a cluster with one: see docker-compose.yml.
FROM python:3.12.12-slim-bookworm AS base

RUN apt-get update \
    && apt-get install -y --no-install-recommends lame \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/tts-render
COPY requirements/image.txt requirements/
RUN python -m pip install --no-cache-dir --require-hashes -r requirements/image.txt

COPY pyproject.toml README.md LICENSE voices.yaml docker-compose.yml ./
COPY examples/site/.github/workflows/render.yml examples/site/.github/workflows/
COPY tts_render tts_render
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation .

ENV TTS_RENDER_ENGINE=http://127.0.0.1:50021 \
    TTS_RENDER_WAIT=60 \
    TTS_RENDER_CACHE=/cache \
    PYTHONUNBUFFERED=1

# A worker and its engine in one container: docker build --target worker.
FROM base AS worker
COPY --from=voicevox/voicevox_engine:cpu-0.25.2 /opt/voicevox_engine /opt/voicevox_engine
COPY docker/worker.sh /usr/local/bin/worker
RUN useradd --create-home worker && install -d -o worker -g worker /cache
USER worker
WORKDIR /home/worker
ENTRYPOINT ["worker"]

# What is built if no target is named. The site is mounted at /site.
FROM base AS render
COPY docker/entrypoint.sh /usr/local/bin/entrypoint
WORKDIR /site
ENTRYPOINT ["entrypoint"]
CMD ["--help"]
