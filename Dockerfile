# OneTrigger as an image. Built by BuildKit and by the older builder alike:
#   docker build --build-arg VERSION=… --build-arg REVISION=… -t onetrigger .
FROM node:26-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No package of ours needs its install script, and `node` would fetch a second Node with its own.
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
# What only compilers, debuggers and tools read goes; readme files stay, for some hold the licence.
RUN find dist node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '.*' \) -delete \
 && find node_modules -type d \( -name test -o -name tests -o -name docs -o -name .github \) -prune -exec rm -rf {} + \
 && find node_modules -type d -empty -delete

FROM node:26-bookworm-slim
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="OneTrigger" \
      org.opencontainers.image.description="Starts your processing when a file has really arrived in an Onedata space" \
      org.opencontainers.image.source="https://github.com/grycap/onetrigger" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# State goes to $XDG_STATE_HOME/onetrigger. So do compiled code, for a faster start, and the files that SQLite sorts in: the root file system may be read-only.
ENV NODE_ENV=production \
    ONETRIGGER_LISTEN=0.0.0.0:8080 \
    XDG_STATE_HOME=/var/lib \
    XDG_CACHE_HOME=/var/lib/onetrigger/.cache \
    TMPDIR=/var/lib/onetrigger
COPY --from=build /build/package.json /build/LICENSE /opt/onetrigger/
COPY --from=build /build/node_modules /opt/onetrigger/node_modules
COPY --from=build /build/bin /opt/onetrigger/bin
COPY --from=build /build/dist /opt/onetrigger/dist
WORKDIR /opt/onetrigger
# `onetrigger` for people inside; `./onetrigger` for manifests that name the command as 1.0.4's image did.
RUN ln -s /opt/onetrigger/bin/onetrigger.mjs /usr/local/bin/onetrigger \
 && ln -s bin/onetrigger.mjs onetrigger \
 && install -d -o 1000 -g 1000 /var/lib/onetrigger
# A number, so that Kubernetes can see that it is not root.
USER 1000:1000
VOLUME /var/lib/onetrigger
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ONETRIGGER_LISTEN.split(':').at(-1)}/livez`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/onetrigger/bin/onetrigger.mjs"]
CMD ["run"]
