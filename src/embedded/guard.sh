# Runs a PostgreSQL server and outlives the program that asked for it, just long enough to stop the server.
#   $1 the signal to stop with   $2 a directory to clear at the end, or ''   $3 another to remove, or ''   then the server's command
# Standard input is a pipe that nobody writes to: it ends when the owner closes it or dies, however it dies.
trap '' HUP INT TERM
signal=$1 cleared=$2 removed=$3
shift 3
PATH=$PATH:/usr/bin:/bin

"$@" </dev/null >&2 &
server=$!
echo "$server"
exec 3<&0 >&2

wait_a_while() {
    seconds=0
    while [ "$seconds" -lt "$1" ]; do
        sleep 1
        seconds=$((seconds + 1))
    done
}
(
    read -r _ <&3
    kill -s "$signal" "$server" && wait_a_while 20
    kill -s QUIT "$server" && wait_a_while 10
    kill -s KILL "$server"
) 2>/dev/null &
stopper=$!

wait "$server"
status=$?
kill -s KILL "$stopper" 2>/dev/null

[ -n "$removed" ] && rm -rf "$removed"
if [ -n "$cleared" ]; then
    cd "$cleared" && rm -rf postgres postgres.new-* socket binaries postgres.log jifen.lock
    cd / && rmdir "$cleared"
fi
exit "$status"
