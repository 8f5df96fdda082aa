# `make images` pins both images by their digest.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
RUN python -m venv /opt/gongzhi
COPY requirements.lock ./
RUN /opt/gongzhi/bin/pip install --require-hashes -r requirements.lock
COPY . ./
RUN /opt/gongzhi/bin/pip install --no-deps --no-build-isolation ./schema . ./plugins/[!_]*/

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home gongzhi \
    && install --directory --owner=gongzhi /var/lib/gongzhi
COPY --from=build /opt/gongzhi /opt/gongzhi
# Production: the server does not start without DATABASE_URL and GONGZHI_SECRET.
ENV PATH="/opt/gongzhi/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    GONGZHI_MODE=production \
    GONGZHI_DATA=/var/lib/gongzhi \
    GONGZHI_MANAGEMENT=127.0.0.1:9100 \
    HOST=0.0.0.0 \
    PORT=8000
USER 10001
EXPOSE 8000
# On the port for machines, which a process that only works has as well.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-c", \
    "import os, urllib.request as web; \
web.urlopen('http://127.0.0.1:' + os.environ['GONGZHI_MANAGEMENT'].rpartition(':')[2] + '/live', timeout=3)"]
CMD ["gongzhi", "serve"]
