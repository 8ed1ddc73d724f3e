# The image of the webhook: one static program, no shell, nothing to write to. `cargo xtask image` makes the same without Docker.
FROM rust:1.95-alpine AS build
RUN apk add --no-cache gcc make musl-dev
WORKDIR /source
COPY . .
RUN cargo build --release --locked --package seawall

FROM scratch
COPY --from=build /source/target/release/seawall /seawall
USER 65532:65532
ENTRYPOINT ["/seawall"]
