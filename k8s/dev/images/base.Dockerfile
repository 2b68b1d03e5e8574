# Debian and Node, as node:24-bookworm-slim has them, from Debian's packages and the wheel that holds the released Node.
FROM scratch
ADD debian.tar /
COPY node/ /usr/local/
CMD ["node"]
