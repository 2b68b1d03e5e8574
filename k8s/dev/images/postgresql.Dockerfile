# Debian's PostgreSQL with the official image's user and variables.
FROM docker.io/library/node:24-bookworm-slim
RUN groupadd --gid 999 postgres && useradd --uid 999 --gid 999 --home-dir /var/lib/postgresql postgres && \
    mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf && \
    apt-get update && apt-get install -y --no-install-recommends postgresql-15 && rm -rf /var/lib/apt/lists/*
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
COPY postgresql.sh /usr/local/bin/postgresql.sh
USER 999:999
ENTRYPOINT ["sh", "/usr/local/bin/postgresql.sh"]
