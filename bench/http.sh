#!/bin/bash
# core/http against nginx `return 200`, on one core, load from another: a routed text view with the whole default middleware.
#     bench/http.sh [SECONDS]
# Prints requests per second and, steadier on a busy machine, CPU nanoseconds per request of the serving process; ratios above 1
# say that Capo is ahead. Wants nginx and wrk (apt: nginx-light, wrk). Builds into build-bench.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-4}
work=$(mktemp -d)
pids=()
cleanup() { for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT
[ -f build-bench/build.ninja ] || meson setup build-bench --buildtype=release --prefix="$PWD/build-bench/install" >/dev/null
ninja -C build-bench install >/dev/null
export PKG_CONFIG_PATH=$(dirname "$(find "$PWD/build-bench/install" -name capo.pc | head -1)")
cc -O2 examples/hello/main.c $(pkg-config --cflags --libs --static capo) -o "$work/hello"
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
nginx_port=$(free_port) hello_port=$(free_port)
cat >"$work/nginx.conf" <<END
worker_processes 1; daemon off; pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000; default_type text/plain; client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
  server { listen 127.0.0.1:$nginx_port; location / { return 200 "Hello, world!\n"; } } }
END
taskset -c 0 nginx -c "$work/nginx.conf" & pids+=($!); nginx_pid=$!
cd "$work"
SECRET_KEY=bench-bench-bench-bench-bench-bench-bench-bench-bench-bench ALLOWED_HOSTS=127.0.0.1 \
    taskset -c 0 ./hello serve --bind 127.0.0.1:$hello_port --workers 1 >"$work/hello.log" 2>&1 & pids+=($!); hello_pid=$!
wait_for() { for _ in $(seq 200); do curl -s -o /dev/null "$1" && return 0; sleep 0.05; done; echo "$1 does not answer" >&2; exit 1; }
wait_for http://127.0.0.1:$nginx_port/; wait_for http://127.0.0.1:$hello_port/hello/world/
nginx_worker=$(pgrep -P "$nginx_pid" | head -1) hello_worker=$(pgrep -P "$hello_pid" | head -1)
measure() {     # pid, port, connections: "requests per second, ns of CPU per request"
    local before after report
    before=$(cut -d' ' -f1 "/proc/$1/schedstat")
    report=$(taskset -c 1 wrk -t1 -c"$3" -d"${seconds}s" "http://127.0.0.1:$2/hello/world/")
    after=$(cut -d' ' -f1 "/proc/$1/schedstat")
    ! grep -q Non-2xx <<<"$report" || { echo "$report" >&2; exit 1; }
    awk -v cpu=$((after - before)) '/requests in/ { n = $1 } /Requests\/sec/ { print $2, cpu / n }' <<<"$report"
}
median() { sort -n | sed -n 2p; }
printf '%-12s %14s %14s %8s %14s %14s %8s\n' connections "nginx req/s" "capo req/s" ratio "nginx ns/req" "capo ns/req" ratio
for connections in 1 16 64 256; do
    : >n; : >c
    for round in 1 2 3; do
        measure "$nginx_worker" "$nginx_port" $connections >>n
        measure "$hello_worker" "$hello_port" $connections >>c
    done
    nr=$(cut -d' ' -f1 n | median) cr=$(cut -d' ' -f1 c | median) nn=$(cut -d' ' -f2 n | median) cn=$(cut -d' ' -f2 c | median)
    awk -v k=$connections -v nr="$nr" -v cr="$cr" -v nn="$nn" -v cn="$cn" \
        'BEGIN { printf "%-12d %14.0f %14.0f %8.2f %14.0f %14.0f %8.2f\n", k, nr, cr, cr / nr, nn, cn, nn / cn }'
done
awk '/VmRSS/ { print "resident set of the worker after load: " $2 " kB" }' "/proc/$hello_worker/status"
