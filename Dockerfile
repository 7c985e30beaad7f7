# The server as a static binary with the playground's page, run by a user
# without rights.
#
#   docker build --build-arg VERSION=$(git describe --tags --always) -t dialogs .

FROM node:22-alpine AS page
WORKDIR /src/playground/web
COPY playground/web/package.json playground/web/package-lock.json playground/web/.npmrc ./
RUN npm ci --ignore-scripts
COPY playground/web .
COPY README.md /src/
RUN npm run build

FROM golang:1.26.8-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=page /src/playground/dist/page playground/dist/page
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X dialogs/cli.release=$VERSION" -o /dialogs .

FROM alpine:3.22
# The certificates are for MongoDB and JWKS over TLS. The volume gets the
# owner and the mode that /data has here.
RUN apk add --no-cache ca-certificates && \
    adduser -D -H -u 10001 dialogs && \
    install -d -o dialogs -g dialogs -m 0700 /data
COPY --from=build /dialogs /dialogs
USER dialogs
ENV DIALOGS_LISTEN=0.0.0.0:8080 DIALOGS_STORE=/data
VOLUME /data
EXPOSE 8080
# The command reads the settings of the server, so that it works with TLS and
# on another port.
HEALTHCHECK --interval=10s --timeout=5s CMD ["/dialogs", "healthcheck"]
ENTRYPOINT ["/dialogs"]
CMD ["serve"]
