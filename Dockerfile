# Not built by the tests. Runs the command as an ordinary user:
#   docker build -t stylize .
#   docker run --rm -v "$PWD:/work" -u "$(id -u):$(id -g)" stylize shot.mp4 --style ref.png
FROM python:3.11-slim
COPY . /src
RUN pip install --no-cache-dir /src && rm -rf /src
# Compiled kernels and the user's data need a folder that any user may write to.
ENV NUMBA_CACHE_DIR=/tmp/numba HOME=/tmp
WORKDIR /work
ENTRYPOINT ["stylize"]
CMD ["--help"]
