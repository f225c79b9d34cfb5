# Not built by the tests. Runs the command as an ordinary user:
#   docker build -t stylize .
#   docker run --rm -v "$PWD:/work" -u "$(id -u):$(id -g)" stylize shot.mp4 --style ref.png
FROM python:3.11-slim
COPY . /src
RUN pip install --no-cache-dir /src && rm -rf /src
# Kernels are compiled ahead, and loaded by any user. The user's data need a folder that any user may write to.
ENV STYLIZE_CACHE=/opt/stylize-cache HOME=/tmp
RUN stylize warm
WORKDIR /work
ENTRYPOINT ["stylize"]
CMD ["--help"]
