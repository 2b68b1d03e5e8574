FROM docker.io/library/node:24-bookworm-slim
ENTRYPOINT ["sleep", "infinity"]
