# `make base` renews both digests (docs/releasing.md).
ARG PYTHON=python:3.11-slim@sha256:9c900dea9e8fb7e16277c179b555cc72d29a352dbc33cff48ad5a0412fd5bfc7
ARG NODE=node:22-slim@sha256:83f487e0a63425e5b4d146fb5e5be574bcbe1b7b843d3ebafdd95eaf7767a7e5
# Builders without BuildKit (`gcloud builds submit --tag`, Docker 20 of Debian 12) do not say what they run on.
ARG BUILDPLATFORM=${BUILDPLATFORM:-linux/amd64}

# The page of `dms-bot sandbox`. It is the same for every platform.
FROM --platform=$BUILDPLATFORM ${NODE} AS page
WORKDIR /page
COPY sandbox/slack/page/package.json sandbox/slack/page/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY sandbox/slack/page ./
RUN npm run build

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/dms-bot
WORKDIR /src
# The dependencies first: they change less often than the bot, so this layer is mostly reused.
COPY requirements.lock ./
# sqlite-utils brings pip along for plug-ins; nothing is ever installed into a running bot.
RUN pip --python /opt/dms-bot install --require-hashes --only-binary :all: -r requirements.lock \
    && pip --python /opt/dms-bot uninstall --yes pip
# What builds the bot's own package stays in this stage.
COPY requirements-build.lock ./
RUN pip install --require-hashes --only-binary :all: -r requirements-build.lock
# Process 1 of a container ignores a signal until it has a handler for it: an init passes on those that come
# while Python is still loading.
COPY requirements-image.lock ./
RUN pip install --require-hashes --only-binary :all: -r requirements-image.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY commands commands
COPY sandbox sandbox
COPY --from=page /page/dist sandbox/slack/page/dist
RUN pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /built . \
    && pip --python /opt/dms-bot install --no-index --no-deps /built/*.whl
# Packages bring their own tests along, and scripts of their own.
RUN find /opt/dms-bot/lib -type d \( -name tests -o -name test \) -prune -exec rm -rf {} + \
    && find /opt/dms-bot/bin -type f ! -name 'dms-bot' -delete

FROM ${PYTHON}
LABEL org.opencontainers.image.title="dms-bot" \
      org.opencontainers.image.description="Run Google Cloud Database Migration Service from Slack" \
      org.opencontainers.image.licenses="Apache-2.0"
# A number, so that Kubernetes can see that it is not root. Its folder is also open to the group 0, of which a
# user is that the platform chose (OpenShift, `docker run --user`).
RUN groupadd --gid 10001 dms-bot \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/dms-bot --shell /usr/sbin/nologin dms-bot \
    && install -d -o 10001 -g 0 -m 0770 /var/lib/dms-bot
COPY --from=build /usr/local/bin/dumb-init /usr/local/bin/dumb-init
COPY --from=build /opt/dms-bot /opt/dms-bot
ENV PATH=/opt/dms-bot/bin:$PATH \
    HOME=/var/lib/dms-bot \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DMS_BOT_LOG_FORMAT=json \
    DMS_BOT_DB=/var/lib/dms-bot/bot.db \
    PORT=8080
USER 10001:10001
WORKDIR /var/lib/dms-bot
VOLUME /var/lib/dms-bot
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s --retries=3 CMD ["dms-bot", "healthcheck"]
ENTRYPOINT ["dumb-init", "--single-child", "--", "dms-bot"]
CMD ["run"]
