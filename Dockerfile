# tts-render beside an engine of its own: see docker-compose.yml. The site is mounted at /site.
FROM python:3.12.12-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends lame \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/tts-render
COPY requirements/run.txt requirements/
RUN python -m pip install --no-cache-dir --require-hashes -r requirements/run.txt

COPY pyproject.toml README.md LICENSE voices.yaml docker-compose.yml ./
COPY examples/site/.github/workflows/render.yml examples/site/.github/workflows/
COPY tts_render tts_render
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation .

COPY docker/entrypoint.sh /usr/local/bin/entrypoint

ENV TTS_RENDER_ENGINE=http://127.0.0.1:50021 \
    TTS_RENDER_WAIT=60 \
    TTS_RENDER_CACHE=/cache \
    PYTHONUNBUFFERED=1

WORKDIR /site
ENTRYPOINT ["entrypoint"]
CMD ["--help"]
