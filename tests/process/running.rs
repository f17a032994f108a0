//! The commands of docs/running do what the pages say, on clusters of their own; and what is in deploy/ is well-formed.

use std::{
    env, fs,
    io::Write,
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::Directory;
use crate::common::{blocks, is_missing};

/// Who may run PostgreSQL; None: we ourselves.
fn user(directory: &Directory) -> Option<(u32, u32)> {
    if !directory.is_roots() {
        return None;
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(|field| field.parse().unwrap());
        Some((fields.next()?, fields.next()?))
    };
    find("postgres").or_else(|| find("nobody"))
}

/// Where PostgreSQL's programs are, those of clients among them.
fn programs() -> PathBuf {
    let given = env::var_os("JIFEN_PG_BIN").map(PathBuf::from);
    let debians = [17, 16, 15].map(|major| PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")));
    // npm's package has no clients; the page is then run on the machine's own server.
    let found = given.into_iter().chain(debians).find(|folder| folder.join("pg_basebackup").exists());
    found.expect("pg_basebackup is nowhere: install postgresql-15 with its client, or name its folder in JIFEN_PG_BIN")
}

/// Runs what a page says after these commands, and compares what it prints.
fn run_page(name: &str, page: &str, before: &str, after: &str) {
    let directory = Directory::new(name);
    let owner = user(&directory);
    let program = directory.0.join("jifen");
    fs::copy(env!("CARGO_BIN_EXE_jifen"), &program).unwrap();
    for folder in ["archive", "one", "two"] {
        fs::create_dir(directory.0.join(folder)).unwrap();
    }
    let own = |path: &Path| {
        if let Some((uid, gid)) = owner {
            chown(path, Some(uid), Some(gid)).unwrap();
        }
    };
    for path in ["", "archive", "one", "two"] {
        own(&directory.0.join(path));
    }
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();

    let blocks = blocks(page);
    let mut script = format!("set -eu\n{MAKE}\n{before}\n");
    let mut expected: Vec<String> = Vec::new();
    for block in &blocks {
        match block.language.as_str() {
            "sh" => {
                script += &format!("echo '=== line {}'\n{}", block.line, block.text);
                expected.push(format!("=== line {}\n", block.line));
            }
            "text" => *expected.last_mut().unwrap() += &block.text,
            other => panic!("line {}: nothing runs {other}", block.line),
        }
    }
    assert!(expected.len() >= 3, "{expected:?}");
    script += &format!("\necho '=== end'\n{after}\n");

    let path = |name: &str| directory.0.join(name).display().to_string();
    let search = format!("{}:{}:{}:/usr/sbin", directory.0.display(), programs().display(), env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"exec sh -s 2>&1"#]).current_dir(&directory.0).env_clear();
    shell.envs([("PATH", search), ("PGUSER", "jifen".to_owned()), ("PGDATABASE", "postgres".to_owned())]);
    shell.envs([("no_proxy", "*"), ("JIFEN_LOG", "error")]);
    shell.envs([
        ("PGHOST", path("one")),
        ("PGDATA", path("data")),
        ("ARCHIVE", path("archive")),
        ("BACKUP", path("base")),
        ("RESTORED", path("restored")),
        ("STANDBY", path("standby")),
        ("STANDBY_HOST", path("two")),
        ("STANDBY_OPTIONS", format!("-c unix_socket_directories={}", path("two"))),
    ]);
    let hosts = format!("host={}&host={}&target_session_attrs=read-write", path("one"), path("two"));
    shell.env("OWNER_URL", format!("postgres://jifen@/postgres?{hosts}"));
    shell.env("DATABASE_URL", format!("postgres://jifen@/postgres?{hosts}"));
    shell.env("LOGIN_URL", format!("postgres://jifen_login@/postgres?{hosts}"));
    if let Some((uid, gid)) = owner {
        shell.uid(uid).gid(gid);
    }
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    // Whatever came of it, nothing goes on.
    for cluster in ["data", "restored", "standby"] {
        let mut stop = Command::new(programs().join("pg_ctl"));
        stop.args(["stop", "-s", "-m", "immediate", "-D"]).arg(directory.0.join(cluster));
        if let Some((uid, gid)) = owner {
            stop.uid(uid).gid(gid);
        }
        stop.stderr(Stdio::null()).status().unwrap();
    }
    let printed = String::from_utf8(output.stdout).unwrap();
    let (_, printed) = printed.split_once("=== begin\n").unwrap_or_else(|| panic!("{printed}"));
    let printed = printed.split_once("=== end\n").map_or_else(|| panic!("it stopped: {printed}"), |(before, _)| before);
    assert_eq!(printed, expected.concat());
}

/// A cluster with a program in it, reached by a socket alone.
const MAKE: &str = r#"
trap 'kill $(jobs -p) 2>/dev/null' EXIT
initdb -D "$PGDATA" -U jifen --auth=trust --no-sync -E UTF8 --locale=C >/dev/null
printf "listen_addresses = ''\nunix_socket_directories = '%s'\n" "$PGHOST" >>"$PGDATA/postgresql.conf"
pg_ctl start -s -w -l "$PGDATA/server.log"
jifen migrate --demo >/dev/null"#;

#[test]
fn backup_and_going_back_to_an_instant() {
    run_page("backup", include_str!("../../docs/running/backup.md"), "echo '=== begin'", "");
}

#[test]
fn failover_to_a_standby() {
    run_page("failover", include_str!("../../docs/running/failover.md"), "echo '=== begin'", "");
}

#[test]
fn pgbouncer_beside_gateways() {
    if is_missing("pgbouncer", "pgbouncer") {
        return;
    }
    run_page("pgbouncer", include_str!("../../docs/running/pgbouncer.md"), "echo '=== begin'", "");
}

#[test]
fn upgrade_with_old_and_new_gateways_side_by_side() {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let (old, new) = (free(), free());
    let page = include_str!("../../docs/running/upgrade.md").replace("8080", &old).replace("8081", &new);
    let before = format!(
        r#"
psql -X -q -c 'create role jifen_login login in role jifen_gateway'
export JIFEN_KEY=$(jifen key create shop --scopes earn 2>/dev/null)
export DATABASE_URL="$LOGIN_URL"
jifen serve --listen 127.0.0.1:{old} >old.log 2>&1 &
OLD=$!
until curl -sf http://127.0.0.1:{old}/readyz >/dev/null; do kill -0 $OLD || cat old.log; sleep 0.2; done
echo '=== begin'"#
    );
    run_page("upgrade", &page, &before, "kill $NEW");
}

#[test]
fn a_login_of_its_own_that_may_not_migrate_is_told_who_has_to() {
    let page = "```sh\ncreatedb empty\n```\n```sh\njifen serve 2>&1 | grep -o 'Run `jifen migrate`' || true\n```\n```text\nRun `jifen migrate`\n```\n```sh\ntrue\n```\n";
    let before = r#"
psql -X -q -c 'create role jifen_login login in role jifen_gateway'
export DATABASE_URL="postgres://jifen_login@/empty?host=$PGHOST" JIFEN_LISTEN=127.0.0.1:0
echo '=== begin'"#;
    run_page("login", page, before, "");
}

#[test]
fn systemd_takes_the_unit() {
    const UNIT: &str = include_str!("../../deploy/jifen.service");
    for line in ["ExecStart=/usr/local/bin/jifen serve", "DynamicUser=yes", "KillSignal=SIGTERM"] {
        assert!(UNIT.lines().any(|given| given == line), "{line}");
    }
    if is_missing("systemd-analyze", "systemd") {
        return;
    }
    let directory = Directory::new("unit");
    let unit = directory.0.join("jifen.service");
    // The program is not where it will be.
    fs::write(&unit, UNIT.replace("/usr/local/bin/jifen", "/bin/true")).unwrap();
    let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
