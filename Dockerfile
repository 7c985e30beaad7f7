# The server as a static binary, run by nobody in particular.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -o /dialogs .

FROM alpine:3
RUN apk add --no-cache ca-certificates && adduser -D -u 10001 dialogs
COPY --from=build /dialogs /dialogs
USER dialogs
WORKDIR /home/dialogs
EXPOSE 8080
ENV DIALOGS_LISTEN=0.0.0.0:8080
HEALTHCHECK --interval=10s --timeout=5s CMD wget -q -O /dev/null http://127.0.0.1:8080/readyz
ENTRYPOINT ["/dialogs"]
