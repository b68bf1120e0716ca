# Build: native modules and TypeScript. Run: what is left, as an ordinary user.
FROM node:20-bookworm AS build
WORKDIR /atrium
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN node -e "import('./scripts/bootstrap/prepare.js').then(({ prepare }) => prepare())" && npm prune --omit=dev

FROM node:20-bookworm-slim
WORKDIR /atrium
ENV NODE_ENV=production ATRIUM_HOST=0.0.0.0 ATRIUM_DATA=/data
COPY --from=build /atrium/package.json ./
COPY --from=build /atrium/node_modules ./node_modules
COPY --from=build /atrium/dist ./dist
COPY --from=build /atrium/scripts/atrium ./scripts/atrium
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3333
HEALTHCHECK CMD node -e "fetch('http://127.0.0.1:3333/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
CMD ["node", "scripts/atrium", "start"]
