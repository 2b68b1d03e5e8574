# As versity/versitygw: the program is the entry point.
FROM docker.io/library/node:24-bookworm-slim
COPY versitygw /usr/local/bin/versitygw
ENTRYPOINT ["/usr/local/bin/versitygw"]
