# One image for both kinds of machine: on CUDA when the container is given a GPU, on the C kernel otherwise.
#
#   docker build -t gpff-studio .
#   docker run --rm -p 127.0.0.1:8000:8000 -v gpff-designs:/data gpff-studio

ARG PYTHON_VERSION=3.12
ARG NODE_VERSION=22

# ---- the page -------------------------------------------------------------------------------------------------------
FROM node:${NODE_VERSION}-slim AS page
WORKDIR /page
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

# ---- the Python environment and the kernel, with a compiler at hand ---------------------------------------------------
FROM python:${PYTHON_VERSION}-slim AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir "uv>=0.5,<1" && python -m venv --without-pip /opt/venv
ENV PATH=/opt/venv/bin:$PATH VIRTUAL_ENV=/opt/venv UV_LINK_MODE=copy UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1
WORKDIR /app
# The requirements first: a change of the sources alone then installs nothing again. The lock also pins what only
# developers need, so it is given as constraints: what is installed is what the service imports, at the pinned versions.
COPY pyproject.toml requirements.lock ./
RUN /opt/uv/bin/uv pip install --constraint requirements.lock --requirement pyproject.toml setuptools
COPY README.md LICENSE setup.py ./
COPY models/ models/
COPY backend/ backend/
RUN /opt/uv/bin/uv pip install --no-deps --no-build-isolation --editable . && python -m compileall -q models backend
# Portable: the instruction set is chosen when the library is loaded, not on the machine that built the image.
RUN GPFF_PORTABLE=1 python -c "from gpff import kernel; kernel.build()"

# ---- what runs ------------------------------------------------------------------------------------------------------
FROM python:${PYTHON_VERSION}-slim
LABEL org.opencontainers.image.title="GPFF Studio" org.opencontainers.image.licenses="MIT"
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 libxrender1 libxext6 libexpat1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin studio \
    && install -d -o studio -g studio /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY --from=page /page/dist /app/frontend/dist
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STUDIO_HOST=0.0.0.0 \
    STUDIO_PORT=8000 \
    STUDIO_DATA=/data
WORKDIR /data
USER studio
# The designs that people save and the hashes of their keys; everything else in the image may be thrown away.
VOLUME ["/data"]
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['STUDIO_PORT'] + '/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["python", "-m", "studio"]
